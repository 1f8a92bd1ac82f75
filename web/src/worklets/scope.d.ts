/** What a worklet of audio finds around it; TypeScript's own library does not have it. */

declare const sampleRate: number;
declare const currentTime: number;

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  abstract process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

declare function registerProcessor(
  name: string,
  processor: new (made: { processorOptions: never }) => AudioWorkletProcessor,
): void;
