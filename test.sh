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
# shellcheck source=host/packages.sh
source host/packages.sh

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0"; }

LONG=()
case ${1-} in
    --help | -h) usage && exit 0 ;;
    --long) LONG=(--long) && shift ;;
esac

./check.sh
need_programs mosquitto mosquitto_pub mosquitto_sub openssl picocom nano

# What waits runs side by side; what is timed runs alone, on a quiet computer. 5: none was asked for.
status=0
run() { "$VENV_PYTHON" -m pytest "${LONG[@]}" "$@" || { local code=$?; ((code == 5)) || status=$code; }; }
run -m 'not alone' --numprocesses 3 --dist worksteal "$@"
run -m alone "$@"
exit "$status"
