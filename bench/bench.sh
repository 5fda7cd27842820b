#!/usr/bin/env bash
# Measures this node beside others like it: memory, session, deploy, start, fleet.
#
# Usage: bench/bench.sh [--write] [NAME...]
#   NAME      memory, session, deploy, start, fleet (default: all, about 20 minutes; leave the computer alone meanwhile)
#   --write   write docs/benchmarks.md from the latest result of each
#
# Tables go to standard output, progress to standard error. Sets up what it needs: .venv, Mosquitto, Node.js for the
# estimates of memory on 32 bits, and the libraries to compare with (said before they are installed).
# Exit status: 0 measured, 1 a benchmark failed, 2 wrong usage, 3 this computer lacks something (said which).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=host/venv.sh
source host/venv.sh

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' bench/bench.sh; }

case ${1-} in
    --help | -h) usage && exit 0 ;;
esac

need_programs mosquitto node npm
need_set tools littlefs virtual test
need_processor romfs plain small
if [[ bench/wasm32/package-lock.json -nt bench/wasm32/node_modules/.package-lock.json ]]; then
    npm ci --prefix bench/wasm32 --no-audit --no-fund --loglevel=error >&2 || {
        printf 'bench/bench.sh: could not get MicroPython for WebAssembly: check the network, then run this again\n' >&2
        exit 3
    }
fi

exec "$VENV_PYTHON" -m bench "$@"
