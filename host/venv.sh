# shellcheck shell=bash
# Checks first what a script needs on this computer, and makes the Python of this repository: .venv, filled with sets of
# pinned packages. Sourced by every script.
#
#   need_programs NAME...   check all that must come from the system: these programs, Python with venv, a folder that
#                           can be written. Missing packages are installed if that needs no password. If it needs one,
#                           prints one sentence and one command, and returns 3. Nothing is downloaded before that.
#   want_programs NAME...   the same for optional programs: prints nothing if it needs a password
#   need_set NAME...        make .venv if it is missing and install host/requirements/NAME.txt into it, once; a few
#                           milliseconds when there is nothing to do. Progress and errors go to stderr.
#                           Prints the reason and returns 3 when this computer cannot do it (no Python, no network, disk
#                           full).
#   want_set NAME           the same for an optional set: prints nothing, and always succeeds. A failure is remembered
#                           until the file changes, or a compiler appears.
#   need_compiler           check what is needed to build the processor of the virtual Feather, after need_programs and
#                           before anything is downloaded. Returns 3 like need_programs.
#   need_processor IMAGE... build the processor for these images, after need_set virtual
#   have_set NAME           true when the set is installed as in the present file
#   $VENV_PYTHON            the interpreter of .venv
#   asks_help WORD...       true when a word is --help or -h
#   print_help SCRIPT       print the comment at the head of a script of this repository
#
# A set is fetched (and built, where it is published as source only) into ~/.cache/huzzah-node, every file checked
# against the hash in its NAME.txt, and installed from there without the network: once that folder is filled, everything
# works offline, in every clone.

# shellcheck source=host/packages.sh
. "${BASH_SOURCE[0]%/*}/packages.sh"

VENV_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$(readlink -m "$VENV_ROOT/.venv")
# shellcheck disable=SC2034  # for the scripts that source this
VENV_PYTHON=$VENV/bin/python
VENV_CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/huzzah-node/wheels

asks_help() {
    local word
    for word; do
        if [[ $word == --help || $word == -h ]]; then return 0; fi
    done
    return 1
}

print_help() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$VENV_ROOT/$1"
}

# shellcheck disable=SC2120  # without arguments it checks only Python and the folders
need_programs() {
    local package missing=()
    _venv_writable || return 3
    _venv_python_found || return 3
    while read -r package; do
        [[ " ${missing[*]} " == *" $package "* ]] || missing+=("$package")
    done < <(_venv_lacks && missing_packages "$@")
    ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

want_programs() {
    local apt missing
    mapfile -t missing < <(missing_packages "$@")
    if ((${#missing[@]})) && can_install; then install_packages "${missing[@]}" || true; fi
}

need_set() {
    local name missing=()
    for name; do
        have_set "$name" || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    # shellcheck disable=SC2119
    need_programs || return 3
    _set_buildable "${missing[@]}" || return 3
    (
        set -o pipefail
        flock 9 # scripts started together, in this clone or another: the second waits, then finds the work done
        _venv_make || exit 3
        for name in build "${missing[@]}"; do
            have_set "$name" || _set_install "$name" || exit 3
        done
    ) 9<"$VENV_CACHE" || return 3
}

need_compiler() {
    local python=$VENV_PYTHON apt packages
    _venv_made || python=$(_venv_find_python)
    mapfile -t packages < <(cd "$VENV_ROOT" && "$python" -m virtual_feather.processor.build --missing)
    if ((${#packages[@]})) &&
        { can_install || [[ ${packages[*]} == *make* ]] || ! command -v objcopy >/dev/null; }; then
        install_packages "${packages[@]}"
    fi
}

need_processor() {
    if [[ -n $(cd "$VENV_ROOT" && "$VENV_PYTHON" -m virtual_feather.processor.build --missing) ]]; then
        need_set ziglang || return 3 # a compiler that needs no password
    fi
    (cd "$VENV_ROOT" && "$VENV_PYTHON" -m virtual_feather.processor.build "$@") >/dev/null || return 3
}

want_set() {
    local failed=$VENV/sets/$1.failed stamp
    stamp="$(_set_stamp "$1") $(command -v cc || true)"
    if [[ -f $failed && $(<"$failed") == "$stamp" ]]; then return 0; fi
    need_set "$1" 2>/dev/null || printf '%s' "$stamp" >"$failed" || true
}

have_set() {
    _venv_made && [[ -f $VENV/sets/$1 && $(<"$VENV/sets/$1") == "$(_set_stamp "$1")" ]]
}

_set_stamp() {
    sha256sum <"$VENV_ROOT/host/requirements/$1.txt"
}

_venv_writable() {
    if ! [[ -w $VENV_ROOT ]]; then
        echo "$VENV_ROOT cannot be written by $(id -un): sudo chown -R $(id -un) $VENV_ROOT" >&2
        return 1
    fi
    if ! mkdir -p "$VENV_CACHE" 2>/dev/null || ! [[ -w $VENV_CACHE ]]; then
        echo "$VENV_CACHE cannot be written by $(id -un): choose another folder with XDG_CACHE_HOME=FOLDER" >&2
        return 1
    fi
}

_venv_made() {
    [[ -x $VENV_PYTHON && -f $VENV/made && $(<"$VENV/made") == "$(_venv_stamp)" ]]
}

# The place of .venv (its scripts contain that path), and its Python: a new release of Debian brings another.
_venv_stamp() {
    printf '%s %s' "$VENV" "$(readlink -f "$VENV_PYTHON")"
}

# False, with the reason printed, where Debian's own Python is too old: no package helps then.
_venv_python_found() {
    if _venv_made || _venv_find_python >/dev/null || ! command -v python3 >/dev/null; then return 0; fi
    echo "Python 3.11 or newer was not found, only $(python3 --version 2>&1): it comes with Debian or Raspberry Pi OS 12" \
        "and later" >&2
    return 1
}

# The package that Python lacks to make .venv: Debian has a part of venv in a package of its own, which brings Python.
_venv_lacks() {
    local python
    if _venv_made; then return 0; fi
    if ! python=$(_venv_find_python) || ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo python3-venv
    fi
}

_venv_make() {
    local python
    if _venv_made; then return 0; fi
    python=$(_venv_find_python) || return 1
    echo "making .venv with $("$python" --version)" >&2
    rm -rf "$VENV"
    if ! "$python" -m venv "$VENV" >&2; then
        echo "could not make $VENV: see the message above (df -h . shows whether the disk is full)" >&2
        return 1
    fi
    _venv_stamp >"$VENV/made"
}

_venv_find_python() {
    local python
    for python in python3 python3.11 python3.12 python3.13 python3.14; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$python"
            return 0
        fi
    done
    return 1
}

# littlefs-python has no wheel for 32-bit computers: installs what is needed to build one there.
_set_buildable() {
    if [[ " $* " != *" littlefs "* || $(getconf LONG_BIT) == 64 ]]; then return 0; fi
    if ! command -v gcc >/dev/null || ! compgen -G '/usr/include/python3*/Python.h' >/dev/null; then
        install_packages gcc libc6-dev python3-dev
    fi
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

# A folder of wheels appears complete or not at all. Source packages are built with the pinned tools of the set 'build',
# not with the newest ones of the index.
_wheels_fetch() (
    name=$1 file=$2 wheels=$3 log=$4 new=$VENV_CACHE/new isolation=(--no-build-isolation)
    [[ $name == build ]] && isolation=(--only-binary ':all:')
    trap 'rm -rf "$new"' EXIT
    rm -rf "$wheels" "$new"
    mkdir -p "$new" || exit 1
    "$VENV_PYTHON" -m pip wheel --disable-pip-version-check --retries 1 --no-deps --require-hashes "${isolation[@]}" \
        --requirement "$file" --wheel-dir "$new" 2>"$log" | _wheels_progress "$file" || exit 1
    (cd "$new" && sha256sum -- *.whl >SHA256SUMS) && mv "$new" "$wheels"
)

# Prints each package that pip begins, with its number and how many there are.
_wheels_progress() {
    local total count=0 word package rest
    total=$(grep '==' "$1" | grep -v -c -E "== '(win32|emscripten)'")
    while read -r word package rest; do
        [[ $word != Collecting ]] || printf '  %2d of %d: %s\n' $((++count)) "$total" "${package%%[=;]*}" >&2
    done
}
