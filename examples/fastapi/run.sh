#!/usr/bin/env bash
# Starts the voice backend: ./run.sh [--reload] [--aws]
#
# Makes an environment, installs what is needed, checks what can be checked, and serves on port 8000. It talks to a local
# emulator, loudly, unless called with --aws.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
venv=${VENV:-.venv}

die() { printf '\n✗ %s\n' "$*" >&2; exit 1; }
say() { printf '• %s\n' "$*"; }

main() {
    local reload= aws=
    for option in "$@"; do
        case $option in
            --reload) reload=yes ;;
            --aws) aws=yes ;;
            -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
            *) die "There is no option $option; ./run.sh [--reload] [--aws]" ;;
        esac
    done
    read_settings
    choose_endpoint "$aws"
    make_environment
    check "$aws"
    serve "$reload"
}

# What is set already wins over .env.
read_settings() {
    [ -f .env ] || return 0
    say "Settings: .env"
    local line name
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in '' | '#'*) continue ;; esac
        name=${line%%=*}
        [ -n "${!name+set}" ] || export "$name=${line#*=}"
    done <.env
}

choose_endpoint() {
    if [ -n "$1" ]; then
        unset BEDROCK_NOVA_ENDPOINT
    else
        export BEDROCK_NOVA_ENDPOINT=${BEDROCK_NOVA_ENDPOINT:-emulator}
    fi
}

make_environment() {
    local python
    if [ ! -x "$venv/bin/python" ]; then
        python=$(find_python) || die "Python 3.11 or newer is needed (set PYTHON to where it is)."
        say "Environment: $venv, with $python"
        "$python" -m venv "$venv"
    fi
    if ! "$venv/bin/python" -c 'import fastapi, uvicorn, httpx' 2>/dev/null; then
        say "Installing requirements.txt"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.txt
    fi
    "$venv/bin/python" -c 'import bedrock_nova.fastapi' 2>/dev/null || install_library
}

find_python() {
    local python
    for python in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    return 1
}

# A wheel that was built before, or the sources, which takes some minutes and needs Rust.
install_library() {
    local wheels=("$root"/dist/*.whl)
    if [ -e "${wheels[0]}" ]; then
        say "Installing the library from dist/"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${wheels[@]}"
    else
        command -v cargo >/dev/null || die "There is no wheel in dist/ (cargo xtask dist makes it), and no Rust to build one."
        say "Building the library from its sources: this takes some minutes"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$root/nova-py" "$root/nova-cli"
    fi
}

check() {
    "$venv/bin/python" - "$1" <<'PYTHON' || exit 1
import os, shutil, sys, sysconfig
try:
    from app.config import Config
    config = Config.from_environment()
except ValueError as error:
    sys.exit(f"\n✗ {error} See .env.example.")
command = os.environ.get("BEDROCK_NOVA_COMMAND", "bedrock-nova")
if config.emulated and not (shutil.which(command, path=sysconfig.get_path("scripts")) or shutil.which(command)):
    sys.exit(f"\n✗ The emulator is the command {command}, which is not there: install bedrock-nova-cli.")
PYTHON
    if [ -n "$1" ] && [ -z "${AWS_REGION:-}${AWS_DEFAULT_REGION:-}${AWS_REGIONS:-}${AWS_PROFILE:-}" ]; then
        die "Set AWS_REGION, for instance us-east-1, or AWS_PROFILE."
    fi
    if [ -z "$1" ]; then
        printf '\n  *** EMULATOR: answers are scripted and nothing goes to AWS. For Amazon Nova Sonic: ./run.sh --aws ***\n\n'
    else
        say "AWS: calls cost money"
    fi
}

serve() {
    local host=${HOST:-127.0.0.1} port=${PORT:-8000}
    local options=(--host "$host" --port "$port" --no-access-log --timeout-graceful-shutdown 10)
    if [ -n "$1" ]; then
        export DRAIN_SECONDS=${DRAIN_SECONDS:-0}
        options+=(--reload --reload-dir app)
    else
        options+=(--workers "${WORKERS:-1}")
    fi
    say "Serving on http://$host:$port (its routes: /docs)"
    exec "$venv/bin/python" -m uvicorn app.main:app "${options[@]}"
}

main "$@"
