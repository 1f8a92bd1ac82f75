/** Binary audio of the subprotocol `bedrock-nova.binary.v1`; `docs/API.md` has the layout. */
/** The subprotocol's name. */
export declare const BINARY = "bedrock-nova.binary.v1";
/** A piece of the assistant's voice. */
export interface Sound {
    /** The event's number. */
    readonly seq: number;
    readonly turn: number;
    /** Where in the answer it begins, in samples. */
    readonly offset: number;
    readonly rate: number;
    readonly pcm: Int16Array<ArrayBuffer>;
}
/** Makes the message of a piece of the user's voice. */
export declare function voiceFrame(pcm: Int16Array, rate: number): ArrayBuffer;
/** Reads a piece of the assistant's voice; nothing if it is of a kind that this version does not know. */
export declare function readSound(message: ArrayBuffer): Sound | undefined;
