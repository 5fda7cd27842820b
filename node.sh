#!/usr/bin/env bash
# Daily life with nodes: their prompt, their files, what they say, and updates.
#
# Usage: ./node.sh VERB [ARGUMENT...]
#        ./node.sh VERB --help
set -euo pipefail
# shellcheck source=host/venv.sh
source "$(dirname "${BASH_SOURCE[0]}")/host/venv.sh"

# verb | its Python | the programs that it needs | what it does
VERBS=(
    'repl|host.board.by_hand repl|picocom|the prompt of the board on USB, with picocom'
    'files|host.board.by_hand files|nano|the files of the board on USB, with rshell and nano'
    'watch|host.broker.watch|mosquitto_sub|what the nodes say, in columns, faults in words'
    'list|host.broker.roster||all nodes at a glance: online, readings, fault, signal, version; exit 1 when one is unwell'
    'update|host.update.send||brings nodes up to date over the air with firmware/ as it is here'
    'set|host.settings.send||changes settings of a node over the air, and here'
    'image|host.image.fetch||gets MicroPython for the board, and checks it'
)

usage() {
    print_help node.sh
    local row verb what
    for row in "${VERBS[@]}"; do
        IFS='|' read -r verb _ _ what <<<"$row"
        printf '  %-8s %s\n' "$verb" "$what"
    done
}

# Prints the usage text of a verb: the docstring of its Python module.
usage_of() {
    local file=${1%% *}
    sed -n '1,/^"""$/{s/^"""//;p}' "$VENV_ROOT/${file//./\/}.py"
}

case ${1-} in
    --help | -h) usage && exit 0 ;;
    '') usage >&2 && exit 2 ;;
esac
for row in "${VERBS[@]}"; do
    IFS='|' read -r verb module programs _ <<<"$row"
    [[ $verb == "$1" ]] || continue
    shift
    if asks_help "$@"; then usage_of "$module" && exit 0; fi
    need_programs ${programs:+"$programs"}
    need_set tools
    # shellcheck disable=SC2086  # a module and its first word
    PYTHONPATH=$VENV_ROOT exec "$VENV_PYTHON" -m $module "$@"
done
printf 'node.sh: there is no verb %s: ./node.sh --help has them all\n' "$1" >&2
exit 2
