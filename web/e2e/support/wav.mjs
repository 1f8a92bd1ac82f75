// What a fake microphone hears: recordings of the repository with silence between them.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SOUNDS = new URL("../../../examples/fastapi/sounds/", import.meta.url);
const RATE = 16000;

/** The samples of a recording, 16 kHz. */
function samples(name) {
  const file = readFileSync(fileURLToPath(new URL(`${name}.wav`, SOUNDS)));
  const data = file.indexOf("data");
  return file.subarray(data + 8, data + 8 + file.readUInt32LE(data + 4));
}

/** Writes a file of parts: names of recordings, and seconds of silence. */
export function writeWav(path, parts) {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === "number" ? Buffer.alloc(2 * RATE * part) : samples(part))),
  );
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + body.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(2 * RATE, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(body.length, 40);
  writeFileSync(path, Buffer.concat([head, body]));
  return path;
}
