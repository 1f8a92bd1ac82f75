"""The client and the commands of QUICKSTART do what they say."""

import os
import re
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import pytest
from here import EXAMPLE, run

#: What the client prints, line by line; sound comes in some number of pieces.
PRINTED = r"""
={40}
AI Demo 3 - Nova Sonic Test Client
={40}

✓ Session started: [0-9a-f]{13}\.\.\.
  Status: active
  Created: 20\d\d-\d\d-\d\dT\S+

Sending 2\.0s of simulated audio\.\.\.
✓ Simulated audio sent

Ending audio input\.\.\.
✓ Audio input ended

=== Streaming Events ===
Listening for responses from Nova Sonic\.\.\.

\[USER\]: Hello, who are you\?
--- Content Start \(ASSISTANT\) ---
\[ASSISTANT\]: Hello! I am a small voice made of recorded sentences\.
(?:   Audio chunk received: \d+ bytes
)+\[ASSISTANT\]: I live in a test machine, and I never get tired\.
(?:   Audio chunk received: \d+ bytes
)+--- Content End ---

✓ Audio response saved: output/response_[0-9a-f]{8}\.raw
  Format: PCM, 24kHz, mono, 16-bit
  Total size: (\d+) bytes
✓ Transcript saved: output/transcript_[0-9a-f]{8}\.txt

=== Session Info ===
Session ID: [0-9a-f]{13}\.\.\.
Status: active
Created: \S+
Turns: 1
Tokens: \d+
Cost: \$[0-9.]+

Ending session [0-9a-f]{13}\.\.\.
✓ Session ended

={40}
✓ Test completed successfully!
={40}
"""


def test_the_client_holds_a_round_trip(url: str, tmp_path: Path) -> None:
    ran = run(sys.executable, str(EXAMPLE / "test_client.py"), "--url", url, folder=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    printed = re.fullmatch(PRINTED, ran.stdout)
    assert printed, ran.stdout
    raw = next(tmp_path.glob("output/response_*.raw")).read_bytes()
    assert len(raw) == int(printed[1])
    with wave.open(str(next(tmp_path.glob("output/response_*.wav")))) as file:
        assert (file.getframerate(), file.getnchannels(), file.readframes(file.getnframes())) == (24000, 1, raw)
    words = next(tmp_path.glob("output/transcript_*.txt")).read_text().splitlines()
    assert words[0] == "[USER]: Hello, who are you?" and words[1].startswith("[ASSISTANT]: Hello!")


def test_the_client_says_a_file(url: str, tmp_path: Path) -> None:
    file = EXAMPLE / "sounds" / "question.wav"
    ran = run(sys.executable, str(EXAMPLE / "test_client.py"), str(file), "--url", url, folder=tmp_path)
    assert ran.returncode == 0 and "Sending 1.3s of question.wav..." in ran.stdout, ran.stdout + ran.stderr


def test_the_client_says_what_is_wrong(url: str, tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_bytes(b"nothing")
    ran = run(sys.executable, str(EXAMPLE / "test_client.py"), "no.wav", "--url", url, folder=tmp_path)
    assert ran.returncode == 1 and "no.wav" in ran.stderr


@pytest.mark.skipif(shutil.which("jq") is None or shutil.which("curl") is None, reason="needs curl and jq")
def test_the_quickstart_does_as_written(url: str) -> None:
    text = (EXAMPLE / "QUICKSTART.md").read_text()
    block = text.partition("<!-- quickstart: run by a test -->")[2].partition("```sh\n")[2].partition("```")[0]
    script = "set -eu -o pipefail\n" + block.replace("http://localhost:8000", url)
    ran = subprocess.run(["bash", "-c", script], cwd=EXAMPLE, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for said in ("event: audio_response", "event: content_end", '"turns": 1', '"status":"ended"'):
        assert said in ran.stdout, ran.stdout


@pytest.mark.skipif(shutil.which("http") is None, reason="needs HTTPie")
def test_the_httpie_script_asks_every_route(url: str) -> None:
    ran = run(str(EXAMPLE / "test_httpie.sh"), url, folder=EXAMPLE, **os.environ)
    assert ran.returncode == 0 and "✓ All routes answered" in ran.stdout, ran.stdout + ran.stderr
