import { VoiceError } from "../protocol/errors.js";

/** Where the two worklets are. */
export interface Worklets {
  readonly capture: string | URL;
  readonly playback: string | URL;
}

/** Opens a page's audio with both worklets. It sounds only after a gesture of the user's. */
export async function openAudio(worklets: Worklets): Promise<AudioContext> {
  const context = new AudioContext({ latencyHint: "interactive" });
  try {
    keepRunning(context);
    if (context.audioWorklet === undefined) throw unable("this page was not loaded over a secure connection");
    await Promise.all([worklets.capture, worklets.playback].map((module) => context.audioWorklet.addModule(module)));
    return context;
  } catch (error) {
    void context.close();
    throw error instanceof VoiceError ? error : unable(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Lets it run, as soon as the browser allows: without a gesture it would wait for ever, and a telephone call on the same device
 * stops it. Not waited for: a call that is only read is one too.
 */
function keepRunning(context: AudioContext): void {
  const resume = () => {
    if (context.state === "closed") for (const gesture of GESTURES) removeEventListener(gesture, resume);
    else if (context.state !== "running") void context.resume().catch(() => undefined);
  };
  for (const gesture of GESTURES) addEventListener(gesture, resume);
  resume();
}

const GESTURES = ["pointerup", "keyup"] as const;

/** Fetches a recording and decodes it, at the audio's own rate. */
export async function loadRecording(context: AudioContext, source: string | URL | Blob): Promise<AudioBuffer> {
  try {
    const bytes = source instanceof Blob ? source : await (await succeeded(fetch(source))).blob();
    return await context.decodeAudioData(await bytes.arrayBuffer());
  } catch {
    throw new VoiceError({
      kind: "invalid",
      code: "recording",
      message: "The recording cannot be played.",
      hint: "It must be a file of sound that the browser can read, for instance WAV.",
    });
  }
}

async function succeeded(answer: Promise<Response>): Promise<Response> {
  const response = await answer;
  if (!response.ok) throw new Error(response.statusText);
  return response;
}

function unable(why: string): VoiceError {
  return new VoiceError({
    kind: "unavailable",
    code: "no-audio",
    message: `The browser's audio cannot be used: ${why}.`,
    hint: "Open the page over https, or on localhost, in a browser of today.",
  });
}
