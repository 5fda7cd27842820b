"""Files that nobody else may read, because they hold passwords or are made from files that do."""

from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Write a file for its owner alone (mode 600). The old content stays until the new one is all there."""
    for folder in reversed(path.parents):
        folder.mkdir(exist_ok=True, mode=0o700)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_bytes(content)
    new.replace(path)
