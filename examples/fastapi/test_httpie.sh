#!/usr/bin/env bash
# Asks every route of the voice backend once, with HTTPie: ./test_httpie.sh [http://localhost:8000]
set -euo pipefail
cd "$(dirname "$0")"
url=${1:-http://localhost:8000}
command -v http >/dev/null || { echo "✗ HTTPie is needed: pip install httpie" >&2; exit 1; }

ask() { http --check-status --ignore-stdin --body --pretty=none "$@"; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
pcm() { python3 -c 'import base64, sys, wave; f = wave.open(sys.argv[1]); print(base64.b64encode(f.readframes(f.getnframes())).decode(), end="")' "$1"; }

echo "=== Health"
ask GET "$url/health"; echo

echo "=== Start a session"
session=$(ask POST "$url/session/start" system_prompt="You are friendly." voice=tiffany | field session_id)
echo "$session"
trap 'ask DELETE "$url/session/$session" >/dev/null 2>&1 || true' EXIT

echo "=== Send the bundled question, and end the utterance"
pcm sounds/question.wav >"${TMPDIR:-/tmp}/question.$$.b64"
ask POST "$url/audio/chunk" session_id="$session" audio_data=@"${TMPDIR:-/tmp}/question.$$.b64" \
    format=pcm sample_rate:=16000 channels:=1; echo
rm -f "${TMPDIR:-/tmp}/question.$$.b64"
ask POST "$url/audio/end" session_id="$session"; echo

echo "=== Hear the answer (until its end)"
http --ignore-stdin --stream --body "$url/events/stream/$session" |
    while IFS= read -r line; do
        case $line in
            event:*) event=${line#event: } ;;
            data:*) [ "$event" = audio_response ] && echo "audio_response …" || echo "$event ${line#data: }" ;;
        esac
        [ "${event:-}" = turnEnded ] && break
    done || true

echo "=== Type, say what was heard, interrupt"
ask POST "$url/text" session_id="$session" text="What can you do for me?"; echo
ask POST "$url/played" session_id="$session" turn:=1 position_ms:=500; echo
ask POST "$url/interrupt" session_id="$session"; echo

echo "=== A ticket for a browser"
ask POST "$url/ticket" session_id="$session"; echo

echo "=== Look at the session, end it, look again (404)"
ask GET "$url/session/$session"; echo
ask DELETE "$url/session/$session"; echo
http --ignore-stdin --body --pretty=none GET "$url/session/$session"; echo
trap - EXIT

echo "=== Metrics (the first lines)"
ask GET "$url/metrics" 2>/dev/null | sed -n 1,3p
echo "✓ All routes answered"
