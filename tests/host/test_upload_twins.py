"""What an update by air has put on a board with ROMFS goes when flash.sh comes."""

from pathlib import Path

from host.board.backup import Record
from host.board.repl import Survey
from host.board.upload import changes

_ROM = {"lib/node/session.mpy": b"s", "lib/node/sensors/sht31.mpy": b"h", "lib/trial.mpy": b"t"}
_FILE = type("File", (), {"sha256": "00", "size": 1})


def _removed(tmp_path: Path, *paths: str) -> list[str]:
    survey = Survey("0" * 12, blocks=700, free=600, version="", files=dict.fromkeys(paths, _FILE), folders={"lib"})
    return changes(survey, {}, Record("0" * 12, tmp_path), _ROM).remove


def test_twins_of_modules_in_the_romfs_go(tmp_path: Path) -> None:
    twins = ["lib/node/sensors/sht31.mpy", "lib/node/session.mpy", "trial.mpy"]
    assert _removed(tmp_path, *twins) == twins


def test_other_files_stay(tmp_path: Path) -> None:
    assert _removed(tmp_path, "session.mpy", "lib/mine.mpy", "notes.txt", "update.count") == []


def test_those_in_the_romfs_itself_stay(tmp_path: Path) -> None:
    assert _removed(tmp_path, "rom/lib/node/session.mpy") == []
