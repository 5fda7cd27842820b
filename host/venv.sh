# shellcheck shell=bash
# The Python of this repository: .venv, filled by sets of pinned packages. Sourced by bootstrap.sh, flash.sh, demo.sh
# and test.sh.
#
#   need_set NAME...     make .venv if it is missing and install host/requirements/NAME.txt into it, once; a few
#                        milliseconds when there is nothing to do. Progress and errors go to stderr.
#                        Returns 3 when this computer cannot do it (no Python, no network, disk full), with the reason
#                        said.
#   want_set NAME        the same for a set that this computer may do without: says nothing, and always succeeds. A
#                        failure is remembered until the file changes, or a compiler appears.
#   have_set NAME        true when the set is installed as the file now says
#   $VENV_PYTHON         the interpreter of .venv
#
# A set is fetched (and built, where it is published as source only) into ~/.cache/huzzah-node, every file checked
# against the hash in its NAME.txt, and installed from there without the network: with that folder filled, all of it
# works offline.

# shellcheck source=host/packages.sh
. "${BASH_SOURCE[0]%/*}/packages.sh"

VENV_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$(readlink -m "$VENV_ROOT/.venv")
# shellcheck disable=SC2034  # for the scripts that source this
VENV_PYTHON=$VENV/bin/python
VENV_CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/huzzah-node/wheels

need_set() {
    local name missing=()
    for name; do
        have_set "$name" || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    (
        set -o pipefail
        flock 9 # two scripts started together: the second waits, then finds the work done
        _venv_make || exit 3
        for name in build "${missing[@]}"; do
            have_set "$name" || _set_install "$name" || exit 3
        done
    ) 9<"$VENV_ROOT/host/requirements" || return 3
}

want_set() {
    local failed=$VENV/sets/$1.failed stamp
    stamp="$(_set_stamp "$1") $(command -v cc || true)"
    if [[ -f $failed && $(<"$failed") == "$stamp" ]]; then return 0; fi
    need_set "$1" 2>/dev/null || printf '%s' "$stamp" >"$failed" || true
}

have_set() {
    [[ -x $VENV_PYTHON && -f $VENV/sets/$1 && $(<"$VENV/sets/$1") == "$(_set_stamp "$1")" ]]
}

# The stamp of a set: the hash of its file, and where the environment is (its scripts hold that path).
_set_stamp() {
    printf '%s %s' "$(sha256sum <"$VENV_ROOT/host/requirements/$1.txt")" "$VENV"
}

_venv_make() {
    local python
    if [[ -x $VENV_PYTHON && -f $VENV/made && $(<"$VENV/made") == "$VENV" ]]; then return 0; fi
    python=$(_venv_find_python) || {
        echo "Python 3.11 or newer was not found: sudo apt-get install python3 (Raspberry Pi OS 12 or later)" >&2
        return 1
    }
    echo "making .venv with $("$python" --version)" >&2
    rm -rf "$VENV"
    # Debian keeps the second half of venv in a package of its own.
    "$python" -c 'import ensurepip, venv' 2>/dev/null || need_programs python3-venv || return 1
    if ! "$python" -m venv "$VENV" >&2; then
        echo "could not make $VENV: see the message above (df -h . shows whether the disk is full)" >&2
        return 1
    fi
    printf '%s' "$VENV" >"$VENV/made"
}

# 3.11 first: the virtual Feather's interpreter is made for it.
_venv_find_python() {
    local python
    for python in python3.11 python3 python3.12 python3.13; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$python"
            return 0
        fi
    done
    return 1
}

_set_install() {
    local name=$1 file=$VENV_ROOT/host/requirements/$1.txt log=$VENV/install-$1.log platform hash wheels
    platform=$("$VENV_PYTHON" -c 'import sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_platform())')
    hash=$(sha256sum <"$file")
    wheels=$VENV_CACHE/$name-${platform/ /-}-${hash:0:12}
    echo "installing the set '$name' into .venv" >&2
    if ! _wheels_whole "$wheels" && ! _wheels_fetch "$name" "$file" "$wheels" "$log"; then
        echo "could not get the packages of the set '$name' ($log says why): check this computer's network and free" \
            "space, then run this again" >&2
        return 1
    fi
    if ! "$VENV_PYTHON" -m pip install --disable-pip-version-check --quiet --no-index --no-deps "$wheels"/*.whl \
        >"$log" 2>&1; then
        echo "could not install the set '$name' ($log says why): rm -rf .venv, then run this again" >&2
        return 1
    fi
    mkdir -p "$VENV/sets"
    _set_stamp "$name" >"$VENV/sets/$name"
}

_wheels_whole() {
    [[ -f $1/SHA256SUMS ]] && (cd "$1" && sha256sum --check --status SHA256SUMS)
}

# A folder of wheels appears whole or not at all. Source packages are built with the pinned tools of the set 'build',
# not with whatever the index offers today.
_wheels_fetch() {
    local name=$1 file=$2 wheels=$3 log=$4 new=$3.new isolation=(--no-build-isolation)
    [[ $name == build ]] && isolation=(--only-binary ':all:')
    rm -rf "$wheels" "$new"
    mkdir -p "$new" || return 1
    "$VENV_PYTHON" -m pip wheel --disable-pip-version-check --retries 1 --no-deps --require-hashes "${isolation[@]}" \
        --requirement "$file" --wheel-dir "$new" 2>"$log" |
        sed -u -n 's/^Collecting \([^=; ]*\).*/  \1/p' >&2 || return 1
    (cd "$new" && sha256sum -- *.whl >SHA256SUMS) && mv "$new" "$wheels"
}
