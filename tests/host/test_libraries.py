"""Device libraries from a Python index: here the test's own index, in a folder."""

import hashlib
import io
import shutil
import tarfile

import pytest

from host.console import Console
from host.failure import Exit, Failure
from host.image import libraries

NAME, VERSION = "micropython-umqtt.simple", "1.3.4"
ARCHIVE = f"{NAME}-{VERSION}.tar.gz"


def archive(path, **members):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that pip is configured to look in, with the archive; its hash is the pinned one."""
    folder = tmp_path / "index"
    folder.mkdir()
    top = f"{NAME}-{VERSION}"
    members = {
        f"{top}/umqtt/simple.py": b"class MQTTClient: pass\n",
        f"{top}/setup.py": b"",
        f"{top}/../../evil.py": b"",
    }
    digest = archive(folder / ARCHIVE, **members)
    pinned = tmp_path / "device.txt"
    pinned.write_text(f"# A comment.\n{NAME}=={VERSION} \\\n    --hash=sha256:{digest}\n")
    monkeypatch.setattr(libraries, "pins", lambda _: parse(pinned))
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    for name, value in {"INDEX_URL": nowhere.as_uri(), "EXTRA_INDEX_URL": "", "FIND_LINKS": str(folder)}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


parse = libraries.pins


def get(tmp_path):
    libraries.get(Console(), tmp_path / "build", tmp_path / "cache")
    return tmp_path / "build"


def test_the_real_pin_is_read():
    (pin,) = parse()
    assert (pin.name, pin.version) == (NAME, VERSION)


def test_module_arrives_and_nothing_else(index, tmp_path):
    build = get(tmp_path)
    assert (build / "umqtt" / "simple.py").read_text() == "class MQTTClient: pass\n"
    assert sorted(path.name for path in build.rglob("*.py")) == ["simple.py"]
    assert not list(tmp_path.glob("evil.py"))


def test_second_time_nothing_is_looked_up(index, tmp_path, monkeypatch):
    get(tmp_path)
    monkeypatch.setattr(libraries, "archive", None)
    get(tmp_path)


def test_cache_serves_a_new_clone_offline(index, tmp_path):
    shutil.rmtree(get(tmp_path))
    shutil.rmtree(index)
    assert (get(tmp_path) / "umqtt" / "simple.py").exists()


def test_damaged_cache_is_fetched_again(index, tmp_path):
    shutil.rmtree(get(tmp_path))
    (tmp_path / "cache" / ARCHIVE).write_bytes(b"damaged")
    assert (get(tmp_path) / "umqtt" / "simple.py").exists()


def test_other_archive_of_that_name_is_refused(index, tmp_path):
    archive(index / ARCHIVE, **{f"{NAME}-{VERSION}/umqtt/simple.py": b"import evil\n"})
    with pytest.raises(Failure, match=NAME) as failure:
        get(tmp_path)
    assert failure.value.code == Exit.COMPUTER
    assert not (tmp_path / "build" / "umqtt").exists()


def test_not_in_the_index(index, tmp_path):
    (index / ARCHIVE).unlink()
    with pytest.raises(Failure, match="does not have it"):
        get(tmp_path)


def test_no_network(index, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(Failure, match="check the network") as failure:
        get(tmp_path)
    assert failure.value.code == Exit.COMPUTER
