# shellcheck shell=bash
# Packages of Debian. Sourced by host/venv.sh.
#
#   missing_packages PROGRAM...    print the Debian package of each program that is not here, one a line
#   can_install                    true where that needs no password; leaves the command in the array `apt`
#   install_packages PACKAGE...    install them where that needs no password. Returns 3, with the command to type said,
#                                  where it does, or when apt-get fails.

# A daemon's program may lie where only root's PATH leads.
PATH=$PATH:/usr/local/sbin:/usr/sbin

missing_packages() {
    local program
    for program; do
        command -v "$program" >/dev/null || _package_of "$program"
    done
}

can_install() {
    apt=(apt-get)
    ((EUID == 0)) || apt=(sudo -n apt-get)
    command -v apt-get >/dev/null && "${apt[@]}" --version >/dev/null 2>&1
}

install_packages() {
    local packages=("$@") apt log
    if can_install; then
        log=$(mktemp)
        printf 'installing %s\n' "${packages[*]}" >&2
        # The lists of packages may be missing or old: fetch them when the first try fails.
        if _packages_install || { "${apt[@]}" update && _packages_install; } >>"$log" 2>&1; then
            rm -f "$log"
            return 0
        fi
        printf 'apt-get could not do it (%s says why); ' "$log" >&2
    fi
    printf 'missing on this computer: sudo apt-get install %s, then run this again\n' "${packages[*]}" >&2
    return 3
}

_package_of() {
    case $1 in
        mosquitto_pub | mosquitto_sub) echo mosquitto-clients ;;
        *) echo "$1" ;;
    esac
}

# Says each package as it is set up; everything goes to the log.
_packages_install() {
    "${apt[@]}" install --yes --no-install-recommends "${packages[@]}" </dev/null 2>&1 | tee -a "$log" |
        sed -u -n 's/^Setting up \([^ :]*\).*/  \1/p' >&2
}
