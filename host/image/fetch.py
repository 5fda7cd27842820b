"""Get a MicroPython image, and check it.

Usage: ./node.sh image IMAGE [--layout NAME]
  IMAGE           romfs, plain, small, a file or a URL
  --layout NAME   its flash layout, where the name does not tell: romfs, plain or small

Downloads go to /tmp/upy and stay there; one that broke off is resumed. What arrives must pass the image's own check,
and have the SHA-256 that was recorded when that file name was fetched for the first time (backup/images.json).
Proxies are taken from the environment (http_proxy, https_proxy, no_proxy). Standard output has the path of the image.
"""

import argparse
import errno
import hashlib
import http.client
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from host import private_files
from host.console import ROOT, Console
from host.failure import Exit, Failure, run
from host.image.images import LAYOUTS, Image, choose, problem

FOLDER = Path("/tmp/upy")
LOCK = ROOT / "backup" / "images.json"
_TRIES = 3  # connections for one download; each goes on where the last one broke off
_TIMEOUT = 30  # seconds without a byte
_LIMIT = 4 << 20  # bytes; no ESP8266 image is larger


def fetch(image: Image, console: Console, folder: Path = FOLDER, lock: Path = LOCK) -> Path:
    """Return the path of the checked image. Raises Failure (image, or computer when the disk is the problem)."""
    if image.is_local:
        path = Path(image.source)
        _check(path, path.read_bytes())
        return path
    path = folder / image.file_name
    _make_folder(folder)
    if path.exists() and (trouble := problem(path.read_bytes())):
        console.note(f"  {path} {trouble}: fetching it again")
        path.unlink()
    if not path.exists():
        _download(image.source, path, console)
    _compare(path, lock)
    return path


def _check(path: Path, data: bytes) -> None:
    if trouble := problem(data):
        raise Failure(Exit.IMAGE, f"{path} {trouble}: nothing was erased; give another --image")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise Failure(Exit.COMPUTER, f"cannot make {folder}: {e.strerror}") from e
    # In /tmp another user could have made it first, and could then choose what goes on the board.
    if folder.stat().st_uid not in (os.getuid(), 0) or not os.access(folder, os.W_OK):
        raise Failure(
            Exit.COMPUTER, f"{folder} belongs to another user: remove it (sudo rm -r {folder}), then run this again"
        )


def _download(url: str, path: Path, console: Console) -> None:
    """Download to `path`.part, check it, rename it."""
    part = path.with_name(path.name + ".part")
    resumed = part.exists()
    _transfer(url, part, console)
    trouble = problem(part.read_bytes())
    if trouble and resumed:  # the first half may be of another file
        part.unlink()
        _transfer(url, part, console)
        trouble = problem(part.read_bytes())
    if trouble:
        part.unlink()
        raise Failure(
            Exit.IMAGE, f"what {url} gave {trouble}: nothing was erased; get the image yourself and give --image FILE"
        )
    part.rename(path)


def _transfer(url: str, part: Path, console: Console) -> None:
    """Download to `part`, from where it ends. Raises Failure when the server cannot be reached or the disk is full."""
    for _ in range(_TRIES):
        try:
            if _receive(url, part, console):
                return
            reason = "the connection broke off"
        except urllib.error.HTTPError as e:
            raise Failure(
                Exit.IMAGE, f"{url} answers {e.code} {e.reason}: get the image yourself and give --image FILE"
            ) from e
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as e:
            reason = str(getattr(e, "reason", None) or e or type(e).__name__)
        except OSError as e:
            if e.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Failure(Exit.COMPUTER, f"no space left for {part}: free 1 MB there, then run this again") from e
            raise Failure(Exit.COMPUTER, f"cannot write {part}: {e.strerror}") from e
        console.note(f"  {reason}")
    raise Failure(
        Exit.IMAGE,
        f"could not fetch {url}: check the network or the proxy and run this again (it goes on where it stopped), "
        f"or put the file into {part.parent} yourself",
    )


def _receive(url: str, part: Path, console: Console) -> bool:
    """Receive one answer into `part`. Returns False when it ended early."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.build_opener().open(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as e:
        if e.code != 416 or not have:
            raise
        e.close()
        if e.headers.get("Content-Range", "").endswith(f"/{have}"):
            return True
        part.unlink()
        return False
    with answer, open(part, "ab" if answer.status == 206 else "wb") as file:
        if answer.status != 206:
            have = 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        while block := answer.read(65536):
            file.write(block)
            have += len(block)
            if have > _LIMIT:
                break
            _progress(have, total)
    if sys.stderr.isatty():
        console.note("")
    return total is None or have >= total


def _progress(have: int, total: int | None) -> None:
    if sys.stderr.isatty():
        print(f"\r  {have >> 10} of {total >> 10 if total else '?'} KiB", end="", file=sys.stderr, flush=True)


def _compare(path: Path, lock: Path) -> None:
    """Compare the file's SHA-256 with the recorded one, or record it."""
    known = json.loads(lock.read_text()) if lock.exists() else {}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if known.setdefault(path.name, digest) != digest:
        raise Failure(
            Exit.IMAGE,
            f"{path} is not the file that was fetched first: its SHA-256 is {digest[:16]}..., {lock} says "
            f"{known[path.name][:16]}...; delete it, or that line if you know why it changed",
        )
    private_files.write(lock, json.dumps(known, indent=2, sort_keys=True).encode() + b"\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="./node.sh image", add_help=False)
    parser.add_argument("image", metavar="IMAGE")
    parser.add_argument("--layout", choices=LAYOUTS)
    args = parser.parse_args()
    print(fetch(choose(args.image, args.layout), Console()))


if __name__ == "__main__":
    run(main)
