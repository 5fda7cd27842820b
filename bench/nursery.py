"""Many virtual Feathers, each a fork of one process, so that they share the loaded Python modules.

python -m bench.nursery FOLDER... runs a board in each of these state folders, until SIGTERM.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path

from virtual_feather import runner


def _board(folder: str) -> int:
    """Start a board; return its process id."""
    pid = os.fork()
    if not pid:
        os._exit(runner.run(runner.Options(Path(folder))))
    return pid


def main(folders: list[str]) -> None:
    gc.freeze()  # a collection would write to every object, and written memory is no longer shared
    boards = [_board(folder) for folder in folders]
    signal.signal(signal.SIGTERM, lambda *_: [os.kill(board, signal.SIGTERM) for board in boards])
    for board in boards:
        os.waitpid(board, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
