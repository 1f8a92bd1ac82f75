/** Binary audio of the subprotocol `bedrock-nova.binary.v1`; `docs/API.md` has the layout. */

/** The subprotocol's name. */
export const BINARY = "bedrock-nova.binary.v1";

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

const VERSION = 1;
const ASSISTANT = 1;
const USER = 2;
const UP = 8;
const DOWN = 32;

/** Makes the message of a piece of the user's voice. */
export function voiceFrame(pcm: Int16Array, rate: number): ArrayBuffer {
  const message = new ArrayBuffer(UP + 2 * pcm.length);
  const head = new DataView(message);
  head.setUint8(0, VERSION);
  head.setUint8(1, USER);
  head.setUint32(4, rate, true);
  new Int16Array(message, UP).set(pcm);
  return message;
}

/** Reads a piece of the assistant's voice; nothing if it is of a kind that this version does not know. */
export function readSound(message: ArrayBuffer): Sound | undefined {
  if (message.byteLength < DOWN || message.byteLength % 2 !== 0) return undefined;
  const head = new DataView(message);
  if (head.getUint8(0) !== VERSION || head.getUint8(1) !== ASSISTANT) return undefined;
  return {
    rate: head.getUint32(4, true),
    seq: Number(head.getBigUint64(8, true)),
    turn: Number(head.getBigUint64(16, true)),
    offset: Number(head.getBigUint64(24, true)),
    pcm: new Int16Array(message, DOWN),
  };
}
