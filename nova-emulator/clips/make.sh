#!/bin/sh
# Makes clips.ul and index.json from sentences.tsv. Needs espeak-ng and python3; both are needed only here.
#
# clips.ul is raw μ-law, 8000 samples a second, mono, all clips behind one another; index.json says where each begins.
# The clips are spoken by espeak-ng, whose voices put no condition on the sound they make.
set -eu
cd "$(dirname "$0")"
exec python3 - <<'PYTHON'
import io, json, math, subprocess, wave
from operator import mul

RATE, TAPS = 8000, 48
VOICES = {  # (kind, language) -> espeak-ng voice and words a minute
    ("answer", "en"): ("en-us", 165), ("word", "en"): ("en-us", 165), ("question", "en"): ("en-gb+f2", 155),
    ("answer", "de"): ("de", 160), ("question", "de"): ("de+f2", 150),
}

def speak(text, voice, speed):
    wav = subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", text], check=True, capture_output=True, timeout=30).stdout
    with wave.open(io.BytesIO(wav)) as sound:
        frames = sound.readframes(sound.getnframes())
        rate = sound.getframerate()
    return rate, [int.from_bytes(frames[i:i + 2], "little", signed=True) for i in range(0, len(frames) - 1, 2)]

def resample(rate, samples):
    """A windowed sinc below 3.7 kHz, so that nothing folds back at 8 kHz."""
    step, cut = rate / RATE, 2 * 3700 / rate
    padded = [0] * TAPS + samples + [0] * TAPS
    kernels, out, n = {}, [], 0
    while n * step < len(samples):
        at = int(n * step)
        phase = round((n * step - at) * 441)
        if phase not in kernels:
            xs = [k - TAPS + 1 - phase / 441 for k in range(2 * TAPS)]
            kernels[phase] = [
                cut * (math.sin(math.pi * cut * x) / (math.pi * cut * x) if x else 1.0)
                * (0.5 + 0.5 * math.cos(math.pi * x / TAPS) if abs(x) < TAPS else 0.0) for x in xs]
        out.append(sum(map(mul, kernels[phase], padded[at + 1:at + 1 + 2 * TAPS])))
        n += 1
    return out

def trim(samples, margin=400):
    """Leaves 50 ms of quiet at both ends."""
    loud = [i for i, s in enumerate(samples) if abs(s) > 300]
    return samples[max(0, loud[0] - margin):loud[-1] + margin]

def mulaw(sample):
    sign, magnitude = (0x80, -sample) if sample < 0 else (0, sample)
    magnitude = min(magnitude, 32635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | magnitude >> exponent + 3 & 0x0F) & 0xFF

clips, sound = [], bytearray()
for line in open("sentences.tsv", encoding="utf-8"):
    if line.startswith("#") or not line.strip():
        continue
    kind, name, language, text = line.rstrip("\n").split("\t")
    samples = trim(resample(*speak(text, *VOICES[kind, language])))
    gain = 0.7 * 32767 / max(map(abs, samples))
    coded = bytes(mulaw(round(s * gain)) for s in samples)
    clip = {"kind": kind, "language": language, "text": text, "start": len(sound), "samples": len(coded)}
    clips.append({"name": name, **clip} if name else clip)
    sound += coded

open("clips.ul", "wb").write(sound)
lines = ",\n".join("  " + json.dumps(clip, ensure_ascii=False) for clip in clips)
open("index.json", "w", encoding="utf-8").write("[\n" + lines + "\n]\n")
print(f"{len(clips)} clips, {len(sound)} bytes, {len(sound) / RATE:.0f} s")
PYTHON
