"""Files that only their owner may read, because they hold passwords or are made from files that do."""

import os
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Write a file for its owner alone (mode 600). The old content stays until the new content is complete."""
    for folder in reversed(path.parents):
        if not folder.exists():
            folder.mkdir(exist_ok=True, mode=0o700)
            _give(folder)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    _give(new)
    new.write_bytes(content)
    new.replace(path)


def _give(path: Path) -> None:
    """Give a file to the owner of its folder when root runs this for a user, so that the user can read the file."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
