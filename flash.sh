#!/usr/bin/env bash
# Put the node on a Feather HUZZAH ESP8266: MicroPython, the node's files, its settings, up to the first reading.
#
# Usage: ./flash.sh [NAME] [--port PATH] [--image romfs|plain|small|FILE|URL] [--layout romfs|plain|small] [--baud N]
#                   [--uploader image|rshell|mpremote] [--files-only] [--no-erase] [--dry-run] [--yes]
#        ./flash.sh --all [--port PATH]... [OPTION]...
#   NAME             the node that the board is to be (nodes/NAME.json); without it the board's MAC tells, and a board
#                    that is not known here is asked for (docs/nodes.md)
#   --all            every board on USB at once, or those on the ports given; each as with --yes, known by its MAC
#   --port PATH      the board: /dev/ttyUSB0, /dev/serial/by-id/..., a pty, rfc2217://host:port (default: the only one
#                    found)
#   --image IMAGE    MicroPython: a name from host/image/images.py, a file, or an address (default: that of the node, or
#                    romfs)
#   --layout NAME    the flash layout of a FILE or URL whose name does not tell
#   --baud N         speed for reading and writing the flash (default: 460800; 115200 when that breaks off)
#   --uploader HOW   image: file systems made here and written by esptool together with MicroPython (default);
#                    rshell, mpremote: file by file
#   --files-only     leave MicroPython alone; send the files that differ, remove those of earlier versions
#   --no-erase       keep the board's file system and the files of yours on it
#   --dry-run        print every command, touch nothing
#   --yes            answer every question with yes
#
# Standard output has what the node says at the broker (with --dry-run: the commands); everything else goes to standard
# error. What was on the board and nowhere else is saved in backup/<mac>/ first. Stopped anywhere, run again: it mends.
#
# Exit status, each explained in docs/troubleshooting.md: 0 the node works; 1 config.json, nodes/; 2 usage, or an
# answer was no; 3 this computer (Python, packages, disk full); 4 the serial port; 5 the board; 6 the MicroPython image;
# 7 writing the flash; 8 the files on the board; 9 all is written, but the broker did not hear from the node; 10 no broker
# answers or it refuses the node, and there is no terminal to ask on; 13 a fault of the script itself; 130 Ctrl-C.
set -euo pipefail
# shellcheck source=host/venv.sh
source "$(dirname "${BASH_SOURCE[0]}")/host/venv.sh"

if asks_help "$@"; then print_help flash.sh && exit 0; fi
need_set tools
want_set littlefs # armv7 has no wheel of it: without a compiler host/flash.py uploads file by file, and says so
PYTHONPATH=$VENV_ROOT exec "$VENV_PYTHON" -m host.flash "$@"
