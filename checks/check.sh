#!/usr/bin/env bash
# What can be said of the code without running it, in seconds: before a commit, and first of all in test.sh.
#
# Usage: checks/check.sh [NAME...]
#        checks/check.sh message FILE
#   NAME           style, format, shell, c, types, package, commits (default: all of them)
#   message FILE   a commit message, as git's commit-msg hook
#
# style and format are ruff's, shell is shellcheck's, c is cppcheck's (skipped where it is not); types is pyright's
# opinion of firmware/, for MicroPython 1.19.1 and the newest release; package is package.json against firmware/lib;
# commits is the messages of the history.
# To have git ask before every commit: pre-commit install --hook-type pre-commit --hook-type commit-msg
# Exit status: 0 all is well, 1 something is not (said what), 2 wrong usage, 3 this computer lacks something (said which).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=host/venv.sh
source host/venv.sh

NAMES=(style format shell c types package commits)

check() {
    local scripts
    case $1 in
        style) "$VENV_PYTHON" -m ruff check --quiet ;;
        format)
            "$VENV_PYTHON" -m ruff format --check --quiet || {
                printf 'not formatted: .venv/bin/ruff format\n' >&2
                return 1
            }
            ;;
        shell)
            mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' .ci/run)
            "$VENV/bin/shellcheck" --external-sources "${scripts[@]}"
            ;;
        c)
            if ! command -v cppcheck >/dev/null; then
                printf 'skipped: cppcheck is not installed\n' >&2
                return
            fi
            # From 2.11 on it counts it as an error that it does not follow each branch.
            cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
                --suppress=normalCheckLevelMaxBranches \
                -I virtual_feather/sdk/include -I virtual_feather/sdk/lwip virtual_feather/sdk
            ;;
        types) "$VENV_PYTHON" -m checks.firmware_types ;;
        package) "$VENV_PYTHON" -m checks.package ;;
        commits) "$VENV_PYTHON" -m checks.commits ;;
    esac
}

prepare() {
    want_programs cppcheck
    need_set tools littlefs virtual test types || exit 3
    "$VENV_PYTHON" tests/fetch.py || exit 3
}

case ${1-} in
    --help | -h) print_help checks/check.sh && exit 0 ;;
    message)
        [[ $# == 2 ]] || { print_help checks/check.sh >&2 && exit 2; }
        prepare
        exec "$VENV_PYTHON" -m checks.commits "$2"
        ;;
esac
for name; do
    [[ " ${NAMES[*]} " == *" $name "* ]] || {
        printf 'checks/check.sh: unknown check %s: there are %s\n' "$name" "${NAMES[*]}" >&2
        exit 2
    }
done
prepare
status=0
for name in "${@:-${NAMES[@]}}"; do
    printf '%s\n' "$name" >&2
    check "$name" || status=1
done
exit "$status"
