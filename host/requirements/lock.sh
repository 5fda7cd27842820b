#!/usr/bin/env bash
# Pin every set again, with the hash of every file of every platform: host/requirements/lock.sh
#
# Needs `uv`. Edit the .in files, run this, read the difference, commit both.
# The sets are installed with --no-deps, so what is left out here stays out: cryptography, cffi, pycparser and PyYAML
# serve espsecure and espefuse alone, and two of them have no wheel for armv7.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

unused=()
for name in cryptography cffi pycparser pyyaml; do unused+=(--no-emit-package "$name"); done

others=()
for set in build tools littlefs virtual test types ziglang; do
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
        --custom-compile-command host/requirements/lock.sh \
        "${unused[@]}" "${others[@]}" "$set.in" --output-file "$set.txt"
    others+=(--constraint "$set.txt")
done

# In folders of their own, with all that they ask for.
for set in esptool4 precommit; do
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
        --custom-compile-command host/requirements/lock.sh "$set.in" --output-file "$set.txt"
done

# Of all that it asks for, what the checks import.
uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-deps \
    --custom-compile-command host/requirements/lock.sh homeassistant.in --output-file homeassistant.txt
