#!/usr/bin/env bash
# Every test of this repository, and the checks of its code, in one run.
#
# Usage: ./test.sh [--long] [PYTEST ARGUMENT ...]
#   --long   also what takes hours of the board's time: 200 power cuts, 30 days, 10,000 hostile packets
#
# Sets up what it needs: .venv, a second esptool, Mosquitto, OpenSSL, picocom, nano (said before it is installed).
# Exit status: 0 all passed, 1 something failed, 3 this computer lacks something (said which).
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=host/venv.sh
source host/venv.sh

LONG=()
case ${1-} in
    --help | -h) print_help test.sh && exit 0 ;;
    --long) LONG=(--long) && shift ;;
esac

need_programs git mosquitto mosquitto_pub mosquitto_sub openssl picocom nano
need_compiler
checks/check.sh
need_processor romfs plain small

# Most tests wait, so more of them run at a time than there are processors.
exec "$VENV_PYTHON" -m pytest --numprocesses $(($(nproc) + 2)) --dist worksteal "${LONG[@]}" "$@"
