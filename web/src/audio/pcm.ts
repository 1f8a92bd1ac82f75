/** Samples as whole numbers of 16 bits, as they travel, and as fractions, as a browser computes with them. */

/** Rounds fractions to whole numbers; what is too loud is held at the bounds. */
export function toPcm(samples: Float32Array): Int16Array<ArrayBuffer> {
  return Int16Array.from(samples, (sample) => Math.max(-32768, Math.min(32767, Math.round(sample * 32768))));
}

/** Makes fractions of whole numbers. */
export function fromPcm(samples: Int16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(samples, (sample) => sample / 32768);
}

/** The loudest sample, from 0 to 1. */
export function peak(samples: Float32Array): number {
  let most = 0;
  for (const sample of samples) most = Math.max(most, Math.abs(sample));
  return most;
}

/** A loudness as a meter shows it: 0 is −60 dB and below, 1 is as loud as can be. */
export function meter(level: number): number {
  return level <= 0 ? 0 : Math.max(0, Math.min(1, 1 + (20 * Math.log10(level)) / 60));
}

/** Samples below this are silence to the ear: −50 dB. */
export const AUDIBLE = 0.003;
