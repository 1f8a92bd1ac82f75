#!/usr/bin/env bash
# Starts the voice backend: ./run.sh [--aws]
#
# Builds the library and the command from this checkout unless they are there, installs what the server needs, and serves on
# port 8000. It talks to a local emulator, loudly, unless called with --aws. Settings: .env, see README.md.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)

die() { printf '\n✗ %s\n' "$*" >&2; exit 1; }
say() { printf '• %s\n' "$*"; }

main() {
    local aws=
    case ${1:-} in
        '') ;;
        --aws) aws=yes ;;
        -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) die "There is no option $1; ./run.sh [--aws]" ;;
    esac
    node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major * 100 + +minor < 2019 ? 1 : 0)' \
        2>/dev/null || die "Node.js 20.19 or newer is needed."
    build_library
    [ -d node_modules ] || { say "Installing what the server needs"; npm ci --silent; }
    local options=()
    [ ! -f .env ] || { say "Settings: .env"; options+=(--env-file=.env); }
    if [ -n "$aws" ]; then
        unset BEDROCK_NOVA_ENDPOINT
        say "AWS: calls cost money"
    else
        export BEDROCK_NOVA_ENDPOINT=${BEDROCK_NOVA_ENDPOINT:-emulator}
        find_command
    fi
    exec node "${options[@]}" server.mjs
}

# npm installs a folder by a link and builds nothing there.
build_library() {
    local package=$root/nova-node
    [ -d "$package/node_modules" ] || { say "Installing what the library is compiled with"; (cd "$package" && npm ci --silent); }
    if ! compgen -G "$package/native/*.node" >/dev/null; then
        command -v cargo >/dev/null || die "There is no Rust to build the library from its sources."
        say "Building the library from its sources: this takes some minutes"
        (cd "$package" && npm run --silent native)
    fi
    [ -f "$package/dist/fastify.js" ] || (cd "$package" && npm run --silent compile)
}

# The emulator is a part of the command.
find_command() {
    [ "$BEDROCK_NOVA_ENDPOINT" = emulator ] || return 0
    [ -z "${BEDROCK_NOVA_COMMAND:-}" ] && ! command -v bedrock-nova >/dev/null || return 0
    for profile in release debug; do
        [ -x "$root/target/$profile/bedrock-nova" ] || continue
        export BEDROCK_NOVA_COMMAND=$root/target/$profile/bedrock-nova
        return 0
    done
    say "Building the command bedrock-nova, whose part the emulator is"
    (cd "$root" && cargo build --release --quiet --bin bedrock-nova)
    export BEDROCK_NOVA_COMMAND=$root/target/release/bedrock-nova
}

main "$@"
