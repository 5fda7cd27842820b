#!/usr/bin/env bash
# What the nodes say, one line a message: time, node, topic and payload in columns, faults in words.
#
# Usage: ./watch.sh [FILTER...] [--host NAME] [--port N] [--user NAME]
#   FILTER         MQTT topic filters, as 'fault/#' or 'sensors/+/lux' (default: '#', everything)
#   --host NAME    the broker (default: mqtt.server of config.json)
#   --port N       its port (default: mqtt.port of config.json, or 1883)
#   --user NAME    log in as somebody else than mqtt.user of config.json; asks for the password
#
# It is mosquitto_sub with its output laid out. Lines go to standard output, messages to standard error.
# Exit status: 0 ended by Ctrl-C, 1 config.json, 2 wrong usage, 3 this computer lacks something (said which),
# 10 no broker, or it refuses.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=host/venv.sh
source host/venv.sh
# shellcheck source=host/packages.sh
source host/packages.sh

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0"; }

for word; do
    case $word in
        --help | -h) usage && exit 0 ;;
    esac
done
need_set tools || exit 3
need_programs mosquitto_sub || exit 3
exec "$VENV_PYTHON" -m host.broker.watch "$@"
