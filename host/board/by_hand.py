"""The board on USB by hand, with the programs that people know.

Usage: ./node.sh repl [--port PATH]
       ./node.sh files [--port PATH] [COMMAND...]
  --port PATH   the board (default: the only one found)
  COMMAND       what rshell is to do, as in `./node.sh files cp main.py /pyboard/`; without it, it asks

repl is picocom: Ctrl-C stops the node, Ctrl-D starts it again, Ctrl-A Ctrl-X leaves. files is rshell, with nano for its
`edit`; /pyboard is the board. Each prints the command that it runs, to be typed without this script.
Exit status: that of picocom or rshell; 2 usage; 3 this computer; 4 the serial port.
"""

import argparse
import os

from host.board import ports
from host.board.upload import rshell
from host.console import Console
from host.failure import run

_KEYS = {
    "repl": "Ctrl-C stops the node, Ctrl-D starts it again, Ctrl-A Ctrl-X leaves",
    "files": "/pyboard is the board; `edit FILE` is nano; `repl` is its prompt: Ctrl-D starts the node again, "
    "Ctrl-X and one more key come back; Ctrl-D leaves",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="./node.sh", add_help=False, allow_abbrev=False)
    parser.add_argument("verb", choices=_KEYS)
    parser.add_argument("--port", metavar="PATH")
    args, command = parser.parse_known_args()  # a command has options of its own
    if args.verb == "repl" and command:
        parser.error("repl takes no command")
    console = Console()
    port = args.port or ports.find(console, ports.candidates())
    ports.check(port)
    words = ["picocom", port, "-b115200"] if args.verb == "repl" else [*rshell(port), "--editor", "nano", *command]
    console.command(words)
    console.note(f"  {_KEYS[args.verb]}")
    os.execvp(words[0], [str(word) for word in words])


if __name__ == "__main__":
    run(main)
