"""Fetching an image from a server on loopback that misbehaves on demand."""

import contextlib
import http.server
import json
import os
import threading

import pytest
from image_file import image_file

from host.console import Console
from host.failure import Exit, Failure
from host.image.fetch import fetch
from host.image.images import LAYOUTS, Image

GOOD = image_file()
HTML = b"<!DOCTYPE html><title>Sign in to the hotel network</title>"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.requests.append((self.path, self.headers.get("Range")))
        plan = server.plan.pop(0) if len(server.plan) > 1 else server.plan[0]
        body, status, extra = plan.get("body", GOOD), plan.get("status", 200), {}
        wanted = self.headers.get("Range")
        if status == 200 and wanted and plan.get("ranges", True):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                status, extra, body = 416, {"Content-Range": f"bytes */{len(body)}"}, b""
            else:
                status, body = 206, body[start:]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **extra, **plan.get("headers", {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: plan.get("cut", len(body))])
        self.close_connection = True

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serving(*plan):
    """A server that answers its n-th request by the n-th plan, then always by the last one."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.plan, server.requests = list(plan) or [{}], []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def get(tmp_path):
    """get(server) fetches NODE.bin from it into tmp_path/upy."""

    def get(server, name="NODE.bin"):
        image = Image("x", LAYOUTS["plain"], f"http://127.0.0.1:{server.server_port}/{name}")
        return fetch(image, Console(), tmp_path / "upy", tmp_path / "backup" / "images.json")

    return get


def fails(get, server, code, *words):
    with pytest.raises(Failure) as failure:
        get(server)
    assert failure.value.code == code
    for word in words:
        assert word in str(failure.value)


def test_fetched_once_then_cached(get):
    with serving() as server:
        path = get(server)
        assert path.read_bytes() == GOOD
        assert get(server) == path
    assert server.requests == [("/NODE.bin", None)]
    assert get(server) == path  # no server any more


@pytest.mark.parametrize("cut", [0, 1, 1000, len(GOOD) - 1])
def test_broken_connection_is_resumed_where_it_broke(get, cut):
    with serving({"cut": cut}, {}) as server:
        assert get(server).read_bytes() == GOOD
    assert server.requests[1][1] == (f"bytes={cut}-" if cut else None)


def test_resumed_by_the_next_run(get, tmp_path):
    with serving({"cut": 20000}, {"cut": 0}) as server:
        fails(get, server, Exit.IMAGE, "could not fetch")
        assert (tmp_path / "upy" / "NODE.bin.part").stat().st_size == 20000
        server.plan = [{}]
        assert get(server).read_bytes() == GOOD
        assert server.requests[-1][1] == "bytes=20000-"


def test_server_without_ranges_starts_over(get):
    with serving({"cut": 20000}, {"ranges": False}) as server:
        assert get(server).read_bytes() == GOOD


def test_part_that_was_whole_already(get, tmp_path):
    (tmp_path / "upy").mkdir()
    (tmp_path / "upy" / "NODE.bin.part").write_bytes(GOOD)
    with serving() as server:
        assert get(server).read_bytes() == GOOD


@pytest.mark.parametrize("part", [GOOD + b"more", b"\x00" * 30000], ids=["longer", "of another file"])
def test_useless_part_is_thrown_away(get, tmp_path, part):
    (tmp_path / "upy").mkdir()
    (tmp_path / "upy" / "NODE.bin.part").write_bytes(part)
    with serving() as server:
        assert get(server).read_bytes() == GOOD


@pytest.mark.parametrize(
    "body, word",
    [(HTML, "web page"), (GOOD[:-7], "truncated"), (GOOD[:9999] + b"!" + GOOD[10000:], "damaged"), (b"", "empty")],
)
def test_what_is_no_image_is_refused_and_not_kept(get, tmp_path, body, word):
    with serving({"body": body}) as server:
        fails(get, server, Exit.IMAGE, word, "nothing was erased")
    assert list((tmp_path / "upy").iterdir()) == []


def test_endless_answer_is_cut_off(get):
    with serving({"body": bytes(6 << 20)}) as server:
        fails(get, server, Exit.IMAGE)


@pytest.mark.parametrize("status", [403, 404, 500])
def test_refusal_is_reported(get, status):
    with serving({"status": status, "body": b""}) as server:
        fails(get, server, Exit.IMAGE, str(status), "--image FILE")


def test_no_network(get, tmp_path):
    with serving() as server:
        pass
    fails(get, server, Exit.IMAGE, "could not fetch", str(tmp_path / "upy"))


def test_proxy_from_the_environment(get, monkeypatch):
    with serving() as server, serving() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
        assert get(server).read_bytes() == GOOD
    assert server.requests == []
    assert proxy.requests == [(f"http://127.0.0.1:{server.server_port}/NODE.bin", None)]


def test_disk_full(get, tmp_path, monkeypatch):
    (tmp_path / "upy").mkdir()
    (tmp_path / "upy" / "NODE.bin.part").symlink_to("/dev/full")
    with serving() as server:
        fails(get, server, Exit.COMPUTER, "no space left")


def test_folder_of_another_user(get, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    (tmp_path / "upy").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with serving() as server:
        fails(get, server, Exit.COMPUTER, "another user")


def test_hash_of_the_first_fetch_holds_ever_after(get, tmp_path):
    with serving({}, {"body": image_file(filler=b"\xa5")}) as server:
        get(server).unlink()
        fails(get, server, Exit.IMAGE, "SHA-256", "images.json")
        lock = tmp_path / "backup" / "images.json"
        assert list(json.loads(lock.read_text())) == ["NODE.bin"]
        (tmp_path / "upy" / "NODE.bin").unlink()
        server.plan = [{}]
        assert get(server).read_bytes() == GOOD


def test_damaged_cache_is_fetched_again(get):
    with serving() as server:
        path = get(server)
        path.write_bytes(GOOD[:-1])
        assert get(server).read_bytes() == GOOD


def test_local_file_is_used_where_it_is(tmp_path):
    path = tmp_path / "mine.bin"
    path.write_bytes(GOOD)
    image = Image("x", LAYOUTS["plain"], str(path))
    assert fetch(image, Console(), tmp_path / "upy", tmp_path / "lock") == path
    path.write_bytes(HTML)
    with pytest.raises(Failure, match="web page"):
        fetch(image, Console(), tmp_path / "upy", tmp_path / "lock")
