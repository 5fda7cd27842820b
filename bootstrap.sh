#!/usr/bin/env bash
# Prepare this computer for putting nodes on boards: the tools, the device libraries, config.json.
#
# Usage: ./bootstrap.sh [--set KEY=VALUE]... [--image romfs|plain|small] [--broker] [--yes]
#        ./bootstrap.sh --broker --print
#        ./bootstrap.sh --remove-broker
#   --set KEY=VALUE  a setting of config.json, as in --set wifi.ssid=attic --set mqtt.server=192.168.1.210
#                    (docs/settings.md has them all); without it, and without a config.json, you are asked
#   --image NAME     get the libraries for this image only (default: for all)
#   --broker         also have Mosquitto on this computer let in the node of config.json, by an account of its own, and
#                    nobody without one; run it again with the next node's client_id to let that in too
#   --print          print the files that --broker would write, and change nothing
#   --remove-broker  take them away again
#   --yes            change an existing config.json without asking
#
# Installs nothing outside this folder and ~/.cache/huzzah-node, except Debian's python3-venv, picocom, nano and
# mosquitto-clients where that needs no password, and with --broker Mosquitto and its files in /etc (docs/security.md). Run it as often as you like: what is
# there stays. Everything it says goes to standard error, except what --print prints.
#
# Exit status, each explained in docs/troubleshooting.md: 0 ready; 1 config.json, or a --set, is invalid; 2 usage, or an
# answer was no; 3 this computer (Python, packages, network, disk full); 130 Ctrl-C.
set -euo pipefail
# shellcheck source=host/venv.sh
source "$(dirname "${BASH_SOURCE[0]}")/host/venv.sh"

for word; do
    if [[ $word == --help || $word == -h ]]; then
        sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0"
        exit 0
    fi
done
need_programs
want_programs picocom nano mosquitto_sub
need_set tools
want_set littlefs # armv7 has no wheel of it: without a compiler the next step says what that means
PYTHONPATH=$VENV_ROOT exec "$VENV_PYTHON" -m host.bootstrap "$@"
