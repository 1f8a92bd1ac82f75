/** Where the two worklets are. */
export interface Worklets {
    readonly capture: string | URL;
    readonly playback: string | URL;
}
/** Opens a page's audio with both worklets. It sounds only after a gesture of the user's. */
export declare function openAudio(worklets: Worklets): Promise<AudioContext>;
/** Fetches a recording and decodes it, at the audio's own rate. */
export declare function loadRecording(context: AudioContext, source: string | URL | Blob): Promise<AudioBuffer>;
