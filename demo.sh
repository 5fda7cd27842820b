#!/usr/bin/env bash
# The whole system with no hardware: a virtual Feather with this firmware, a broker of its own, and what arrives there.
#
# Usage: ./demo.sh [--seconds N] [--light LUX|day] [--port N]
#   --seconds N    end after N seconds (default: until Ctrl-C)
#   --light LUX    a constant light; `day` (the default) is a day in two minutes
#   --port N       the broker's TCP port on this computer (default: a free one)
#
# Standard output is mosquitto_sub's, line by line; everything else goes to standard error.
# Exit status: 0 a reading arrived, 1 none did, 2 wrong usage, 3 this computer lacks something (said which).
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=host/venv.sh
source host/venv.sh

DIR=build/demo
SECONDS_TO_RUN='' LIGHT=day PORT=''
PIDS=()

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "demo.sh: $1"
    exit "$2"
}

parse() {
    while (($#)); do
        case $1 in
            --seconds) SECONDS_TO_RUN=${2-} ;;
            --light) LIGHT=${2-} ;;
            --port) PORT=${2-} ;;
            --help | -h) print_help demo.sh && exit 0 ;;
            *) fail "unknown option $1: see ./demo.sh --help" 2 ;;
        esac
        shift $(($# > 1 ? 2 : 1))
    done
    [[ $SECONDS_TO_RUN =~ ^[0-9]*$ ]] || fail "--seconds takes a whole number, not '$SECONDS_TO_RUN'" 2
    [[ $PORT =~ ^[0-9]*$ ]] || fail "--port takes a number, not '$PORT'" 2
    [[ $LIGHT == day || $LIGHT =~ ^[0-9]+(\.[0-9]+)?$ ]] || fail "--light takes lux or day, not '$LIGHT'" 2
}

# Starts a program that Ctrl-C does not reach: only this script gets it, and ends all programs. A mosquitto_sub that
# gets a second signal in the handler of the first hangs (27 of 100 do).
start() {
    setsid "$@" &
    PIDS+=($!)
}

# Ends what this script has started, by process id, newest first.
stop() {
    trap - EXIT INT TERM
    local i
    for ((i = ${#PIDS[@]} - 1; i >= 0; i--)); do
        kill "${PIDS[i]}" 2>/dev/null || true
        wait "${PIDS[i]}" 2>/dev/null || true
    done
}

free_port() {
    "$VENV_PYTHON" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_broker() {
    printf 'listener %s 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type none\n' "$PORT" >"$DIR/mosquitto.conf"
    start mosquitto -c "$DIR/mosquitto.conf" >&2
    local try
    for ((try = 0; try < 100; try++)); do
        if mosquitto_pub -h 127.0.0.1 -p "$PORT" -t demo -m started 2>/dev/null; then return 0; fi
        sleep 0.05
    done
    fail "no broker on port $PORT: is it taken? Choose another with --port" 3
}

start_board() {
    local output
    start "$VENV_PYTHON" -m virtual_feather run --state "$DIR/feather" --link "$DIR/tty" >"$DIR/run.log"
    until output=$(grep -m 1 '^serial: ' "$DIR/run.log"); do
        kill -0 "${PIDS[-1]}" 2>/dev/null || fail 'the virtual Feather did not start' 1
        sleep 0.05
    done
    SERIAL=${output#serial: }
}

board() { "$VENV_PYTHON" -m virtual_feather ctl --state "$DIR/feather" "$@"; }

# The firmware is put on the board as on a real one: the same files, written by the same esptool.
deploy() {
    printf '{"wifi": {"ssid": "demo"}, "mqtt": {"server": "127.0.0.1", "port": %s},\n "sensors": [{"driver": "tsl2561", "every_s": 2}]}\n' \
        "$PORT" >"$DIR/config.json"
    "$VENV_PYTHON" -m host.settings.check "$DIR/config.json" >&2
    local pieces
    pieces=$("$VENV_PYTHON" -m host.image.firmware --config "$DIR/config.json" --pieces "$DIR" romfs)
    board light "$LIGHT" # as late as can be: on a slow computer the day of two minutes is not over before the reading
    # shellcheck disable=SC2086  # address and file, address and file ...
    "$VENV_PYTHON" -m esptool --port "$SERIAL" --baud 460800 write-flash $pieces >"$DIR/esptool.log" 2>&1 ||
        fail "esptool could not write the board: see $DIR/esptool.log" 1
}

watch() {
    start mosquitto_sub -h 127.0.0.1 -p "$PORT" -v -t '#' > >(tee "$DIR/messages")
}

parse "$@"
need_programs mosquitto mosquitto_pub mosquitto_sub
need_compiler
need_set tools littlefs virtual
need_processor romfs
rm -rf "$DIR" && mkdir -p "$DIR"
trap stop EXIT
trap 'exit 130' INT TERM
[[ -n $PORT ]] || PORT=$(free_port)
start_broker
start_board
watch
deploy
say "the board's serial path: $SERIAL"
say "open its REPL:           .venv/bin/python -m mpremote connect $SERIAL    (Ctrl-X leaves it)"
say "change its world:        .venv/bin/python -m virtual_feather ctl --state $DIR/feather --help"
if [[ -n $SECONDS_TO_RUN ]]; then
    sleep "$SECONDS_TO_RUN" &
    wait $!
else
    wait "${PIDS[-1]}" || true
fi
stop
grep -q '^sensors/' "$DIR/messages" || fail "no reading arrived: see $DIR" 1
