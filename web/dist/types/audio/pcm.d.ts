/** Samples as whole numbers of 16 bits, as they travel, and as fractions, as a browser computes with them. */
/** Rounds fractions to whole numbers; what is too loud is held at the bounds. */
export declare function toPcm(samples: Float32Array): Int16Array<ArrayBuffer>;
/** Makes fractions of whole numbers. */
export declare function fromPcm(samples: Int16Array): Float32Array<ArrayBuffer>;
/** The loudest sample, from 0 to 1. */
export declare function peak(samples: Float32Array): number;
/** A loudness as a meter shows it: 0 is −60 dB and below, 1 is as loud as can be. */
export declare function meter(level: number): number;
/** Samples below this are silence to the ear: −50 dB. */
export declare const AUDIBLE = 0.003;
