/**
 * Changes the sample rate of a stream of sound: a windowed sinc, in as many phases as the ratio of the rates needs.
 *
 * The pass band is flat to 84 % of the lower rate's half, and from the half on everything is 80 dB down, so nothing folds
 * back. Output sample n stands for the time n / to: the filter's delay is taken out, at the price of needing some input
 * ahead (32 samples of the lower rate).
 */
export declare class Resampler {
    #private;
    /** Rates in Hz, whole and positive. */
    constructor(from: number, to: number);
    /** Input samples for one output sample. */
    get step(): number;
    /** Forgets the past: what follows is another sound. */
    reset(): void;
    /** Takes the next samples, and returns what can be told of them already. */
    process(input: Float32Array): Float32Array;
    /** Returns the end of a sound that is over, and forgets it. */
    flush(): Float32Array;
}
