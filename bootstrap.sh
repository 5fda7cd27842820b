#!/usr/bin/env bash
# Prepare this computer for putting nodes on boards: the tools, the device libraries, the settings.
#
# Usage: ./bootstrap.sh [NAME] [--set KEY=VALUE]... [--image romfs|plain|small] [--broker] [--yes]
#        ./bootstrap.sh [NAME] --broker --print
#        ./bootstrap.sh --remove-broker
#   NAME             a further node: asks what is its own (nodes/NAME.json), makes its account and its key for updates;
#                    without it: config.json, which has all of one node, or what several nodes share (docs/nodes.md)
#   --set KEY=VALUE  a setting, as in --set wifi.ssid=attic --set mqtt.server=192.168.1.210 (docs/settings.md has them
#                    all); without it, for a node that is new, you are asked
#   --image NAME     get the libraries for this image only (default: for all)
#   --broker         also have Mosquitto on this computer let in the node (without NAME: all nodes), by an account of
#                    its own, and nobody without one
#   --print          print the files that --broker would write, and change nothing
#   --remove-broker  take them away again
#   --yes            change existing settings without asking; defaults in place of questions
#
# Installs nothing outside this folder and ~/.cache/huzzah-node, except Debian's python3-venv, picocom, nano and
# mosquitto-clients (on a 32-bit system also gcc, libc6-dev and python3-dev) where that needs no password, and with
# --broker Mosquitto and its files in /etc (docs/security.md).
# Run it as often as you like: what is there stays. All it says goes to standard error, except what --print prints.
#
# Exit status, each explained in docs/troubleshooting.md: 0 ready; 1 config.json, nodes/NAME.json or a --set is invalid;
# 2 usage, or an answer was no; 3 this computer (Python, packages, network, disk full); 13 a fault of the script itself;
# 130 Ctrl-C.
set -euo pipefail
# shellcheck source=host/venv.sh
source "$(dirname "${BASH_SOURCE[0]}")/host/venv.sh"

if asks_help "$@"; then print_help bootstrap.sh && exit 0; fi
need_programs
want_programs picocom nano mosquitto_sub
need_set tools
want_set littlefs # armv7 has no wheel of it: without a compiler the next step explains what that means
PYTHONPATH=$VENV_ROOT exec "$VENV_PYTHON" -m host.bootstrap "$@"
