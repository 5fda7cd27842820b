#!/usr/bin/env bash
# Bring nodes up to date by air: what differs between their files and firmware/ here goes to them over MQTT.
#
# Usage: ./update.sh [--dry-run] --all | ID...
#   ID          client_id of a node; it must be awake and connected
#   --all       every node whose update_key is here: in config.json, or in keys/
#   --dry-run   ask the nodes what they have, say what would be sent, send nothing
#
# Every update is signed with the node's own update_key. The node verifies all of it before it starts with the new files; if
# it does not reach its broker with them within 3 minutes, or crashes three times, it goes back to the old ones by itself
# and says why. Stopped anywhere, run again: it goes on. docs/updates.md explains how.
#
# Standard output has a line for each node that is up to date; everything else goes to standard error.
#
# Exit status, that of the first node that failed: 0 all are up to date; 1 config.json, or no update_key; 2 usage; 3 this
# computer; 8 a module does not compile; 9 a node, or the broker, does not answer; 11 a node refused the update; 12 a node
# tried it and went back; 130 Ctrl-C.
set -euo pipefail
# shellcheck source=host/venv.sh
source "$(dirname "${BASH_SOURCE[0]}")/host/venv.sh"

for word; do
    if [[ $word == --help || $word == -h ]]; then
        sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0"
        exit 0
    fi
done
need_set tools
PYTHONPATH=$VENV_ROOT exec "$VENV_PYTHON" -m host.update.send "$@"
