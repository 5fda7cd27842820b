"""Put the node on a Feather, step by step."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from host import private_files
from host.board import ports
from host.board.backup import Record, hashes
from host.board.first_reading import Node
from host.board.keep import Keeper
from host.board.loader import Board, Loader
from host.board.repl import MPREMOTE, Lost, Repl, Result, Survey, with_prompt
from host.board.upload import UPLOADERS, changes, check_room, shadows
from host.console import Console
from host.failure import Exit, Failure
from host.image import firmware as board_files
from host.image.fetch import FOLDER, fetch
from host.image.firmware import Firmware
from host.image.images import IMAGES, LAYOUTS, Image, Layout
from host.settings.nodes import Node as Settings
from host.settings.nodes import Nodes

_PYTHON = Path(sys.executable)
_FIRST_BOOT_S = 15.0  # an image that finds no file system makes one before it gives its prompt
_NOBODY = Survey("0" * 12, blocks=0, free=0, version="", files={}, folders=set())  # for a dry run


@dataclass
class Deployment:
    """One run of flash.sh on one board."""

    console: Console
    nodes: Nodes
    port: str
    loader: Loader
    uploader: str
    choose: Callable[[str], Settings]  # the node that the board with this MAC is to be

    def __post_init__(self) -> None:
        self._keeper = Keeper(self.console, self.nodes, self.port, self.loader)

    def everything(self, image: Image | None, keep_files: bool) -> None:
        """Put MicroPython and the node on a board in any state.

        image: None takes that of the node. keep_files: leave the board's file system as it is.
        """
        self.console.note(
            "  about a minute from here to the first reading, and as long again to fetch MicroPython, once"
        )
        board = self.loader.identify()
        self._keeper.node = self.choose(board.mac)
        image = image or IMAGES[self._keeper.node.image or "romfs"]
        self._image = image.name if image.name in IMAGES else image.layout.name
        check_flash(board, image.layout)
        record = Record(board.mac)
        path = self._fetch(image)
        firmware = self._make(image.layout)
        empty = not self._keeper.save(board, record, firmware, keep_files)
        if not keep_files:
            self._erase(board, empty)
        with_files = self.uploader == "image" and not keep_files
        self._write(path, firmware, board, with_files)
        if with_files:
            self._start(firmware, record, written=path)
            return
        self.console.step("Look at the board")
        self._keeper.show_survey()
        survey = _NOBODY if self.console.dry_run else self._first_boot(path, Repl.survey)
        self._upload(survey, firmware, record)
        self._start(firmware, record)

    def files_only(self, layout: Layout | None) -> None:
        """Put the node's files that differ on a board that runs MicroPython. `layout` None: the board's."""
        self.console.step("Compare the files on the board with those here")

        def look(repl: Repl) -> tuple[Survey, Record, Firmware]:
            survey = repl.survey()
            record = Record(survey.mac)
            self._keeper.node = self.choose(survey.mac)
            firmware = board_files.make(_layout(survey, record, layout), self._keeper.node.path)
            self._keeper.save_changing(repl, survey, record, firmware)
            return survey, record, firmware

        self._keeper.show_survey()
        if self.console.dry_run:
            survey, record = _NOBODY, Record(_NOBODY.mac)
            self._keeper.node = self.choose(survey.mac)
            firmware = board_files.make(layout or LAYOUTS["romfs"], self._keeper.node.path)
        else:
            survey, record, firmware = self._with_prompt(look)
            firmware.write()
        self._image = self._keeper.node.image or firmware.layout.name
        other = 1 - survey.half
        if differs := _romfs_differs(survey, firmware):
            self._write_romfs(firmware, other)
        self._upload(survey, firmware, record, files_only=True)
        if differs:
            self.console.note(f"  from now on half {other} of the ROMFS runs")
            if not self.console.dry_run:
                self._with_prompt(lambda repl: repl.switch(other, survey.counter))
        self._start(firmware, record)

    def _fetch(self, image: Image) -> Path:
        self.console.step("Get MicroPython")
        self.console.command(["./node.sh", "image", image.source, "--layout", image.layout.name])
        if self.console.dry_run:
            return Path(image.source) if image.is_local else FOLDER / image.file_name
        path = fetch(image, self.console)
        if path.stat().st_size > image.layout.code_limit:
            raise Failure(
                Exit.IMAGE, f"{path} is longer than the {image.layout.name} layout allows: give its own with --layout"
            )
        return path

    def _make(self, layout: Layout) -> Firmware:
        self.console.step("Make the node's files")
        self.console.command([_PYTHON, "-m", "host.image.firmware", "--config", self._keeper.node.path, layout.name])
        firmware = board_files.make(layout, self._keeper.node.path)
        if not self.console.dry_run:
            firmware.write()
        return firmware

    def _erase(self, board: Board, empty: bool) -> None:
        self.console.step("Erase the flash")
        if empty:
            self.console.note("  it is empty")
            return
        if not self.console.dry_run and not self.console.ask(f"erase the board {board.mac} on {self.port}?"):
            raise Failure(Exit.USAGE, "nothing was erased, as you said")
        self.loader.erase()

    def _write(self, path: Path, firmware: Firmware, board: Board, with_files: bool) -> None:
        self.console.step("Write MicroPython" + " and the node's files" * with_files)
        pieces = firmware.pieces(board.flash_size, with_files)
        if not self.console.dry_run:
            for _, file, content in pieces:
                private_files.write(file, content)
        self.loader.write([(0, path), *((address, file) for address, file, _ in pieces)])

    def _write_romfs(self, firmware: Firmware, half: int) -> None:
        self.console.step("Write the node's modules into the half of the ROMFS that does not run")
        ((address, file, content),) = firmware.pieces(0, with_flash=False, half=half)
        if not self.console.dry_run:
            private_files.write(file, content)
        self.loader.write([(address, file)])
        if not self.console.dry_run:
            self._with_prompt(lambda _: None)  # the board starts: mpremote would not wait for that

    def _first_boot(self, path: Path, action: Callable[[Repl], Result]) -> Result:
        """Like _with_prompt, on a new image: if that does not start, write it again in the other flash chip mode."""
        try:
            return with_prompt(self.port, action, _FIRST_BOOT_S)
        except Lost as e:
            self.console.note(f"  {e}: this flash chip may need another mode")
        self.loader.write([(0, path)], mode="dout")
        return self._with_prompt(action, _FIRST_BOOT_S)

    def _upload(self, survey: Survey, firmware: Firmware, record: Record, files_only: bool = False) -> None:
        wanted = changes(survey, firmware.flash, record, firmware.rom, files_only)
        for path in shadows(survey, firmware.on_board()):
            self.console.note(f"  {path} on the board is used in place of the module in lib: it is yours, and stays")
        if not wanted:
            self.console.note("  the board has these files already")
            return
        uploader = self.uploader if self.uploader in UPLOADERS else "mpremote"
        self.console.step(f"Upload {len(wanted.send)} files with {uploader}")
        if not self.console.dry_run:
            check_room(survey, firmware.flash, wanted)
        UPLOADERS[uploader](self.console, self.port, firmware.folder / "flash", wanted)

    def _start(self, firmware: Firmware, record: Record, written: Path | None = None) -> None:
        """Verify every file, start the node, wait for its first reading. `written`: an image that never started yet."""
        self.console.step("Verify every file, start the node and wait for its first reading")
        self._keeper.show_survey()
        self.console.command([MPREMOTE, "connect", self.port, "reset"])
        self.console.command(["./node.sh", "watch"])
        if self.console.dry_run:
            return

        def finish(repl: Repl) -> None:
            survey = repl.survey()
            files = hashes(firmware.on_board())
            if wrong := [
                path for path in files if path not in survey.files or survey.files[path].sha256 != files[path]
            ]:
                raise Failure(
                    Exit.FILES, f"not on the board as they are here: {', '.join(wrong)}; run this again, that mends it"
                )
            record.deployed(firmware.layout.name, firmware.on_board())
            node = Node(self.console, repl, self._keeper.node.settings, survey.mac)
            node.start()
            self.nodes.deployed(node.client_id, survey.mac, self._image)
            how = "works" if node.is_well else "is on the air, but not well: its last fault above says what to mend"
            self.console.note(
                f"\n{node.client_id} on {self.port} {how}. What it says: ./node.sh watch. Its prompt: ./node.sh repl"
            )

        if written:
            self._first_boot(written, finish)
        else:
            self._with_prompt(finish)

    def _with_prompt(self, action: Callable[[Repl], Result], patience: float = 6.0) -> Result:
        """Return what `action` returns, given the prompt. Raises Failure (port, board) when there is none."""
        try:
            return with_prompt(self.port, action, patience)
        except Lost as e:
            ports.check(self.port)
            raise Failure(
                Exit.BOARD, f"{e}: press RESET and run this again; without --files-only it needs no prompt"
            ) from e


def check_flash(board: Board, layout: Layout) -> None:
    """Raise Failure (board) when the board has less flash than the layout needs."""
    if board.flash_size < layout.min_flash:
        raise Failure(
            Exit.BOARD,
            f"the board has {board.flash_size >> 10} KiB of flash, {layout.name} needs {layout.min_flash >> 10}: "
            "use --image small",
        )


def _layout(survey: Survey, record: Record, given: Layout | None) -> Layout:
    """Return the layout of the image on the board. Raises Failure when that is not the one given."""
    has_romfs = any(path.startswith("rom/") for path in survey.files)
    fitting = [
        layout
        for layout in LAYOUTS.values()
        if (layout.romfs or not has_romfs)
        and any(layout.filesystem_blocks(size << 20) == survey.blocks for size in (1, 2, 4, 8, 16))
    ]
    if given and given not in fitting:
        raise Failure(
            Exit.USAGE, f"the board does not have the layout {given.name}: leave out --image, or --files-only"
        )
    for layout in fitting:
        known = given.name if given else record.layout
        if layout.name == known or (not known and layout.romfs == has_romfs):
            return layout
    raise Failure(
        Exit.BOARD, f"the board's MicroPython ({survey.version}) is none of ours: run this without --files-only"
    )


def _romfs_differs(survey: Survey, firmware: Firmware) -> bool:
    wanted = {f"rom/{path}": digest for path, digest in hashes(firmware.rom).items()}
    return firmware.layout.romfs and wanted != {
        path: file.sha256 for path, file in survey.files.items() if path.startswith("rom/")
    }
