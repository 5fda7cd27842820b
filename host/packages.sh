# shellcheck shell=bash
# Programs that come from Debian. Sourced by demo.sh and test.sh.
#
#   need_programs NAME...   make sure that these programs are there; installs their packages where that needs no password.
#                           Returns 3, with the command to type said, where it does.

# A daemon's program may lie where only root's PATH leads.
PATH=$PATH:/usr/local/sbin:/usr/sbin

need_programs() {
    local name missing=()
    for name; do
        command -v "$name" >/dev/null || missing+=("$(_package_of "$name")")
    done
    ((${#missing[@]})) || return 0
    local apt=(apt-get)
    ((EUID == 0)) || apt=(sudo -n apt-get)
    if command -v apt-get >/dev/null && "${apt[@]}" --version >/dev/null 2>&1; then
        printf 'installing %s: %s install\n' "${missing[*]}" "${apt[*]}" >&2
        # The lists of packages may be missing or old: fetch them when the first try fails.
        { _packages_install || { "${apt[@]}" update && _packages_install; }; } >&2 && return 0
    fi
    printf 'missing on this computer: sudo apt-get install %s, then run this again\n' "${missing[*]}" >&2
    return 3
}

_package_of() {
    case $1 in
        mosquitto_pub | mosquitto_sub) echo mosquitto-clients ;;
        node) echo nodejs ;;
        *) echo "$1" ;;
    esac
}

_packages_install() {
    DEBIAN_FRONTEND=noninteractive "${apt[@]}" install --yes --no-install-recommends "${missing[@]}"
}
