"""The board's file systems, made and read on this computer: LittleFS for what people edit, ROMFS for compiled modules.

Files are dicts of path (no leading slash) to content.
"""

import importlib.util

from mpremote.romfs import VfsRomWriter

from host.failure import Exit, Failure
from host.image.images import BLOCK, ROMFS_HALF

Files = dict[str, bytes]

# MicroPython 1.19.1 mounts 2.0; newer versions raise it to 2.1 when they write.
_DISK_VERSION = 0x00020000
# MicroPython's own figures. The cache size matters not only for speed: a file that fits in the cache is stored inside
# its directory's block, and a reader with a smaller cache could not read it.
_GEOMETRY = {"block_size": BLOCK, "read_size": 32, "prog_size": 32, "cache_size": 128, "lookahead_size": 32}
_MAGIC = b"littlefs"
_GAP = 8  # erased blocks up to which two pieces are written as one


def have_littlefs() -> bool:
    """Say whether littlefs-python is installed: armv7 has no wheel of it."""
    return importlib.util.find_spec("littlefs") is not None


def make_littlefs(files: Files, blocks: int) -> list[tuple[int, bytes]]:
    """Return a LittleFS of `blocks` blocks as pieces (offset, content); the flash between them stays erased.

    Raises Failure (files) when the files do not fit.
    """
    import littlefs

    disk = littlefs.LittleFS(block_count=blocks, disk_version=_DISK_VERSION, **_GEOMETRY)
    try:
        for path, content in sorted(files.items()):
            if "/" in path:
                disk.makedirs(path.rpartition("/")[0], exist_ok=True)
            with disk.open(path, "wb") as file:
                file.write(content)
    except littlefs.LittleFSError as e:
        if e.code != littlefs.LittleFSError.Error.LFS_ERR_NOSPC:
            raise
        raise Failure(Exit.FILES, f"the files do not fit on a file system of {blocks * BLOCK >> 10} KiB") from e
    return _pieces(bytes(disk.context.buffer))


def read_littlefs(content: bytes) -> Files:
    """Return the files of a LittleFS. Raises ValueError when it is not a LittleFS, or cannot be mounted."""
    import littlefs

    if not looks_like_littlefs(content):
        raise ValueError("no LittleFS")
    disk = littlefs.LittleFS(mount=False, block_count=0, **_GEOMETRY | {"cache_size": BLOCK})
    disk.context.buffer = bytearray(content)
    try:
        disk.mount()
        paths = [f"{folder.strip('/')}/{name}".strip("/") for folder, _, names in disk.walk("/") for name in names]
        return {path: disk.open(path, "rb").read() for path in paths}
    except littlefs.LittleFSError as e:
        raise ValueError(f"LittleFS that cannot be mounted: {e}") from e


def looks_like_littlefs(content: bytes) -> bool:
    """Say whether one of the first two blocks is a superblock."""
    return _MAGIC in (content[8:16], content[BLOCK + 8 : BLOCK + 16])


def make_romfs(files: Files) -> bytes:
    """Return a ROMFS with `files`, in whole words. Raises Failure (files) when half the partition is too small."""
    tree: dict = {}
    for path, content in files.items():
        *folders, name = path.split("/")
        node = tree
        for folder in folders:
            node = node.setdefault(folder, {})
        node[name] = content
    writer = VfsRomWriter()
    _write_romfs(writer, tree)
    content = writer.finalise()
    if len(content) > ROMFS_HALF:
        raise Failure(
            Exit.FILES,
            f"the modules need {len(content)} bytes, a half of the ROMFS has {ROMFS_HALF}: use --image plain",
        )
    return content + b"\xff" * (-len(content) % 4)


def _write_romfs(writer: VfsRomWriter, tree: dict) -> None:
    for name, entry in sorted(tree.items()):
        if isinstance(entry, dict):
            writer.opendir(name)
            _write_romfs(writer, entry)
            writer.closedir()
        else:
            writer.mkfile(name, entry)


def _pieces(content: bytes) -> list[tuple[int, bytes]]:
    """Leave out what is erased (0xFF) at both ends and in long gaps.

    One erased block on either side stays: it may be the other half of a directory, and if old content in it looked
    newer, the board would use that. So the flash need not be erased before.
    """
    erased = b"\xff" * BLOCK
    runs: list[list[int]] = []
    for at in range(0, len(content), BLOCK):
        if content[at : at + BLOCK] == erased:
            continue
        start, end = max(at - BLOCK, 0), min(at + 2 * BLOCK, len(content))
        if runs and start - runs[-1][1] <= _GAP * BLOCK:
            runs[-1][1] = end
        else:
            runs.append([start, end])
    return [(start, content[start:end]) for start, end in runs]
