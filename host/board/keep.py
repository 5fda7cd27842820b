"""Before a board is written: save what is on the board and nowhere else, and ask which settings to keep."""

import json
from dataclasses import dataclass, field

from host.board import backup
from host.board.backup import Record, hashes
from host.board.loader import Board, Loader
from host.board.repl import MPREMOTE, SURVEY, Lost, Repl, Survey, with_prompt
from host.board.upload import changes
from host.console import ROOT, Console
from host.failure import Exit, Failure
from host.image import firmware as board_files
from host.image.firmware import Firmware
from host.settings import config_file
from host.settings.nodes import Node, Nodes, merged, split

_CONFIG = "config.json"  # on the board


@dataclass
class Keeper:
    """Keeps what is on the board on `port`. `node`: what the board is to be; it may take over the board's settings."""

    console: Console
    nodes: Nodes
    port: str
    loader: Loader
    node: Node = field(init=False)

    def save(self, board: Board, record: Record, firmware: Firmware, keep_files: bool) -> bool:
        """Save what would be lost. Returns False when the flash is empty."""
        self.console.step(f"Save what is on the board and nowhere else, in {record.folder.relative_to(ROOT)}")
        if not backup.has_program(self.loader):
            return backup.save_from_flash(self.console, self.loader, board, record)
        self.loader.close()
        self.show_survey()
        if self.console.dry_run:
            return True

        def save(repl: Repl) -> Survey | None:
            """Return what is on the board; None when it is too much for the prompt, and nothing was saved."""
            survey = repl.survey()
            if keep_files:
                self.save_changing(repl, survey, record, firmware)
                return survey
            self._agree_on_settings(repl, survey, record, firmware)
            paths = backup.edited(survey, record, firmware.on_board())
            if backup.is_much(survey, paths):
                return None
            backup.save_files(self.console, repl, record, paths)
            return survey

        try:
            survey = with_prompt(self.port, save)
        except Lost as e:
            if keep_files:
                raise Failure(Exit.BOARD, f"{e}, so its files cannot be kept: leave out --no-erase") from e
            self.console.note(f"  {e}: looking for files in its flash")
            survey = None
        if not survey:
            backup.save_from_flash(self.console, self.loader, board, record)
        elif keep_files and survey.blocks != firmware.layout.filesystem_blocks(board.flash_size):
            raise Failure(
                Exit.USAGE,
                f"the file system on the board is not where {firmware.layout.name} has it: leave out --no-erase",
            )
        return True

    def save_changing(self, repl: Repl, survey: Survey, record: Record, firmware: Firmware) -> None:
        """Save the files that an upload is going to change."""
        self._agree_on_settings(repl, survey, record, firmware)
        paths = backup.edited(survey, record, firmware.on_board())
        wanted = changes(survey, firmware.flash, record, firmware.rom)
        changing = [path for path in paths if path in (*wanted.send, *wanted.remove)]
        backup.save_files(self.console, repl, record, changing)

    def _agree_on_settings(self, repl: Repl, survey: Survey, record: Record, firmware: Firmware) -> None:
        """If config.json was changed on the board, ask which one to keep: the board's is then copied here, too."""
        there = survey.files.get(_CONFIG)
        moved = not self.nodes.alone() and "sensors" not in self.node.given  # from a release before nodes/
        known = (record.files.get(_CONFIG), hashes(firmware.flash)[_CONFIG])
        if not there or (there.sha256 in known and not moved):
            return
        content = repl.read(_CONFIG)
        lines = config_file.differing(content, self.node.given)
        if not lines:
            return
        if moved:
            self.console.note(f"  what {self.node.name} measures is on its board alone: it is taken from there")
            own = split(json.loads(content))[1]
            self._take(merged(str(self.node.name), self.nodes.shared(), own), firmware)
            return
        self.console.note(f"  {_CONFIG} was changed on the board; what it has there -> here:")
        for line in lines:
            self.console.note(f"    {line}")
        if self.console.assume_yes:
            self.console.note("  those of here go on the board (--yes); the board's are saved")
            return
        while (
            answer := self.console.answer("keep those of the board, here too, or those of here? [board/here] ")
        ) != "here":
            if answer == "board":
                self._take(json.loads(content), firmware)
                return

    def _take(self, given: dict, firmware: Firmware) -> None:
        """Copy these settings of the board here."""
        name = self.node.name
        self.nodes.put(name, given if self.nodes.alone() else merged(str(name), given, {}))
        self.node = self.nodes.get(name)
        firmware.flash = board_files.make(firmware.layout, self.node.path).flash
        firmware.write()

    def show_survey(self) -> None:
        """Print the command that lists what is on the board."""
        self.console.command([MPREMOTE, "connect", self.port, "run", SURVEY])
