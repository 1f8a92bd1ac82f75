import { type Phase } from "../model/reconnection.js";
import { VoiceError } from "../protocol/errors.js";
import type { CallEvent, Command } from "../protocol/events.js";
import { type Sound } from "../protocol/frames.js";
/** Who hears what a connection brings. */
export interface Listener {
    /** An event that was not heard before; sound comes by itself. */
    event(event: CallEvent): void;
    sound(sound: Sound): void;
    /** Something that could not be done; the call goes on. */
    refused(error: VoiceError): void;
    /** The road is there, broken, or over: with an error if it did not end in order. */
    phase(phase: Phase, error?: VoiceError): void;
}
/**
 * One call's WebSocket, which comes back by itself; no event is lost or told twice. Without a road the last half
 * second of the user's voice is held back, and up to 32 commands.
 */
export declare class Connection {
    #private;
    /** Frames of the user's voice that were given up, since nothing could take them. */
    dropped: number;
    /** `address` is asked before each connection. */
    constructor(address: (after: number | undefined) => Promise<URL>, listener: Listener);
    /** How often the road came back. */
    get returns(): number;
    /** The number of the last event that was heard. */
    get lastEvent(): number | undefined;
    /** Begins to connect. */
    open(): void;
    /** Leaves; nothing is heard any more. */
    close(): void;
    /** Says something; without a road, as soon as it is back. */
    say(command: Command): void;
    /** Says something that is worth nothing later. */
    mention(command: Command): void;
    /** Sends a piece of the user's voice. */
    speak(frame: ArrayBuffer): void;
}
