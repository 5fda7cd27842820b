#!/usr/bin/env bash
# Measures this node beside others like it: memory, session, deploy, start, fleet, storm.
#
# Usage: bench/bench.sh [--write] [NAME...]
#   NAME      memory, session, deploy, start, fleet, storm (default: all, about 20 minutes; leave the computer alone meanwhile)
#   --write   write docs/benchmarks.md from the latest result of each
#
# Tables go to standard output, progress to standard error. Sets up what it needs: .venv, Mosquitto, the processor of the
# virtual Feather, and the libraries to compare with (said before they are installed).
# Exit status: 0 measured, 1 a benchmark failed, 2 wrong usage, 3 this computer lacks something (said which).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=host/venv.sh
source host/venv.sh

if asks_help "${1-}"; then print_help bench/bench.sh && exit 0; fi

need_programs mosquitto
need_compiler
need_set tools littlefs virtual test
need_processor romfs plain small

exec "$VENV_PYTHON" -m bench "$@"
