"""File systems made on this computer are mounted by MicroPython, and the other way round."""

import os
import random
import subprocess
import sys
from pathlib import Path

import littlefs
import pytest
from waits import LIMIT_S

from host.failure import Failure
from host.image.filesystem import make_littlefs, make_romfs, read_littlefs
from host.image.images import BLOCK

MICROPYTHON = os.environ.get("MICROPYTHON") or Path(sys.executable).with_name("micropython")

# Mounts argv[1] (argv[2]: littlefs or romfs) as a board does, prints every file, then writes one more.
MOUNT = """
import os, sys, vfs
class Disk:
    def __init__(self, path):
        with open(path, "rb") as f: self.data = bytearray(f.read())
    def readblocks(self, n, buf, off=0): buf[:] = self.data[n * 4096 + off : n * 4096 + off + len(buf)]
    def writeblocks(self, n, buf, off=None):
        if off is None: self.data[n * 4096 : n * 4096 + 4096] = b"\\xff" * 4096
        at = n * 4096 + (off or 0)
        for i, new in enumerate(buf):
            assert self.data[at + i] & new == new, "written twice"
            self.data[at + i] = new
    def ioctl(self, op, arg):
        if op == 4: return len(self.data) // 4096
        if op == 5: return 4096
        if op == 6: self.data[arg * 4096 : arg * 4096 + 4096] = b"\\xff" * 4096; return 0
disk = Disk(sys.argv[1])
vfs.mount(vfs.VfsLfs2(disk) if sys.argv[2] == "littlefs" else vfs.VfsRom(disk.data), "/board")
def walk(folder):
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000: walk(path)
        else:
            with open(path, "rb") as f: print(path[7:], f.read().hex())
walk("/board")
if sys.argv[2] == "littlefs":
    os.mkdir("/board/new")
    with open("/board/new/file.txt", "w") as f: f.write("from the board" * 400)
    vfs.umount("/board")
    with open(sys.argv[1], "wb") as f: f.write(disk.data)
"""

# One byte, the longest inline file and its neighbours, a block and its neighbours, several blocks.
LENGTHS = (0, 1, 127, 128, 129, 255, 256, 500, 512, 513, 4095, 4096, 4097, 20000)
FILES = {f"lib/node/f{length}": random.Random(length).randbytes(length) for length in LENGTHS}
FILES |= {"boot.py": b"# boot\n", "main.py": b"# main\n" * 700, "config.json": b'{"wifi": {"ssid": "s"}}'}


def mounted(path, kind):
    command = [MICROPYTHON, "-X", "heapsize=32m", "-c", MOUNT, path, kind]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr
    lines = (line.split(" ") for line in done.stdout.splitlines())
    return {name: bytes.fromhex(content) for name, content in lines}


def flash(pieces, blocks, before=b""):
    data = bytearray(before or b"\xff" * (blocks * BLOCK))
    for offset, content in pieces:
        data[offset : offset + len(content)] = content
    return data


@pytest.mark.parametrize("blocks", [98, 763, 866])
def test_littlefs_is_mounted_and_written_by_micropython(tmp_path, blocks):
    pieces = make_littlefs(FILES, blocks)
    assert sum(len(content) for _, content in pieces) < 75 * BLOCK
    path = tmp_path / "disk"
    path.write_bytes(flash(pieces, blocks))
    assert mounted(path, "littlefs") == FILES
    assert read_littlefs(path.read_bytes()) == FILES | {"new/file.txt": b"from the board" * 400}


def test_what_the_flash_held_before_does_not_matter(tmp_path):
    """Every block of the file system is full of an older file system's directories, with high revision numbers."""
    blocks = 98
    old = littlefs.LittleFS(block_count=blocks, block_size=BLOCK, read_size=32, prog_size=32, cache_size=128)
    for number in range(60):
        with old.open(f"old{number % 7}", "wb") as file:
            file.write(bytes([number]) * 50)
    superblocks = bytes(old.context.buffer[: 2 * BLOCK])
    stale = bytearray(superblocks * (blocks // 2))
    path = tmp_path / "disk"
    path.write_bytes(flash(make_littlefs(FILES, blocks), blocks, stale))
    assert mounted(path, "littlefs") == FILES


def test_disk_version_is_the_one_that_1_19_1_mounts():
    ((offset, superblock), *_) = make_littlefs({}, 98)
    at = superblock.index(b"littlefs") + 8
    assert offset == 0
    assert superblock[at + 4 : at + 8] == bytes([0, 0, 2, 0])


def test_too_many_files():
    with pytest.raises(Failure, match="do not fit"):
        make_littlefs({"big": bytes(range(256)) * 16 * 98}, 98)


@pytest.mark.parametrize("content", [b"\xff" * 8192, b"", bytes(BLOCK), b"12345678littlefs" + bytes(8192)])
def test_what_is_no_littlefs(content):
    with pytest.raises(ValueError, match="LittleFS"):
        read_littlefs(content)


def test_romfs_is_mounted_by_micropython(tmp_path):
    path = tmp_path / "romfs"
    path.write_bytes(make_romfs(FILES))
    assert mounted(path, "romfs") == FILES


def test_modules_larger_than_the_romfs():
    with pytest.raises(Failure, match="--image plain"):
        make_romfs({"lib/big.mpy": bytes(320 * 1024)})
