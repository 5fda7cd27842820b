"""esptool's output while it works: indented lines on stderr, progress in one line of a terminal."""

import sys

from esptool.logger import TemplateLogger

_OFF_USB = "Failed to get VID/PID"  # esptool's remark about a port that is not on USB


class EsptoolLog(TemplateLogger):
    """esptool's logger, for `esptool.logger.log.set_logger`."""

    def __init__(self) -> None:
        self._at_start = True  # of a line

    def print(self, *args: object, sep: str = " ", end: str = "\n", **_: object) -> None:
        """Show text as it comes; empty lines are left out."""
        text = sep.join(map(str, args)).replace("\\[", "[") + end
        for line in text.splitlines(keepends=True):
            if self._at_start and not line.strip():
                continue
            sys.stderr.write("    " * self._at_start + line)
            self._at_start = line.endswith("\n")
        sys.stderr.flush()

    def note(self, message: str) -> None:
        if not message.startswith(_OFF_USB):
            self._remark(f"NOTE: {message}")

    def warning(self, message: str) -> None:
        self._remark(f"WARNING: {message}")

    def error(self, message: str) -> None:
        self._remark(f"ERROR: {message}")

    def _remark(self, text: str) -> None:
        self.print("\n" * (not self._at_start) + text)

    def stage(self, finish: bool = False) -> None:
        """Do nothing: esptool would delete what it printed in a stage."""

    def progress_bar(self, cur_iter: int, total_iters: int, prefix: str = "", **_: object) -> None:
        """Show how much is done, on a terminal only: a log file gets no progress."""
        if sys.stderr.isatty() and total_iters:
            done = cur_iter >= total_iters
            sys.stderr.write(f"\r    {prefix} {100 * cur_iter // total_iters} %" + "\n" * done)
            sys.stderr.flush()
            self._at_start = True

    def set_verbosity(self, verbosity: str) -> None:
        """Do nothing: there is only one verbosity."""
