"""The files that go on a board."""

import stat

import pytest

from host.failure import Exit, Failure
from host.image import firmware
from host.image.images import LAYOUTS

SOURCES = sorted((firmware.ROOT / "firmware" / "lib").rglob("*.py"))


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"wifi": {"ssid": "attic"}}')
    return path


@pytest.fixture
def build(tmp_path, monkeypatch):
    """build/ in a place of its own."""
    monkeypatch.setattr(firmware, "BUILD", tmp_path / "build")
    return tmp_path / "build"


def test_every_module_is_bytecode_without_machine_code(config):
    files = firmware.make(LAYOUTS["romfs"], config).on_board()
    modules = [path for path in files if path.endswith(".mpy")]
    assert len(modules) == len(SOURCES) > 10
    for path in modules:
        # Magic, version, architecture and flags, bits of a small integer.
        assert files[path][:4] == b"M\x06\x00\x1f", path
    beside = ["boot.py", "config.json", "config.ok", "main.py", "rom/boot.py", "rom/lib/node/schema.txt", "rom/main.py"]
    assert sorted(set(files) - set(modules)) == beside


def test_modules_are_in_the_romfs_or_in_lib(config):
    romfs, plain = (firmware.make(LAYOUTS[name], config) for name in ("romfs", "plain"))
    assert set(romfs.flash) == {"boot.py", "main.py", "config.json", "config.ok"}
    compiled = {path: content for path, content in plain.flash.items() if path.startswith("lib/")}
    # The files of the running version, with which an update over the air and edited files are compared.
    assert {name: romfs.rom.pop(name) for name in ("boot.py", "main.py")} == {
        name: romfs.flash[name] for name in ("boot.py", "main.py")
    }
    assert romfs.rom.keys() == compiled.keys()
    # Without line numbers, where these would be in the heap.
    assert sum(map(len, compiled.values())) < 0.95 * sum(map(len, romfs.rom.values()))
    assert plain.rom == {}


def test_tracebacks_name_the_module(config):
    content = firmware.make(LAYOUTS["plain"], config).flash["lib/node/sensors/tsl2561.mpy"]
    assert b"node.sensors.tsl2561" in content


def test_small_image_gets_what_it_lacks(config, monkeypatch, tmp_path):
    (tmp_path / "umqtt").mkdir()
    (tmp_path / "umqtt" / "simple.py").write_text("class MQTTClient: pass\n")
    libraries = firmware._LIBRARIES | {"umqtt.simple": (tmp_path / "umqtt", "umqtt")}
    monkeypatch.setattr(firmware, "_LIBRARIES", libraries)
    files = firmware.make(LAYOUTS["small"], config).flash
    assert {"lib/asyncio/__init__.mpy", "lib/umqtt/simple.mpy"} <= set(files)
    assert b"asyncio/__init__.py" not in files["lib/asyncio/__init__.mpy"]  # the same name as in any other image
    monkeypatch.setitem(libraries, "umqtt.simple", (tmp_path / "nothing", "umqtt"))
    with pytest.raises(Failure, match="bootstrap") as failure:
        firmware.make(LAYOUTS["small"], config)
    assert failure.value.code == Exit.COMPUTER


def test_missing_config(tmp_path):
    with pytest.raises(Failure, match="bootstrap") as failure:
        firmware.make(LAYOUTS["plain"], tmp_path / "config.json")
    assert failure.value.code == Exit.CONFIG


def test_module_that_does_not_compile(tmp_path):
    (tmp_path / "bad.py").write_text("def f(:\n")
    with pytest.raises(Failure, match=r"bad\.py, line 1, does not compile \(SyntaxError: invalid syntax\): def f"):
        firmware._compile(tmp_path / "bad.py", "bad", "-O0")


def test_what_is_written_has_passwords_and_is_ours_alone(config, build):
    made = firmware.make(LAYOUTS["plain"], config)
    made.write()
    (build / "plain" / "flash" / "stale.py").touch()
    made.write()
    assert {str(path.relative_to(build / "plain" / "flash")) for path in (build / "plain").rglob("*.*")} == set(
        made.flash
    )
    assert stat.S_IMODE((build / "plain" / "flash" / "config.json").stat().st_mode) == 0o600


def test_pieces_for_esptool(config):
    made = firmware.make(LAYOUTS["romfs"], config)
    pieces = made.pieces(4 << 20)
    assert [address for address, _, _ in pieces][:2] == [0xB0000, 0x100000]
    assert all(address >= 0x100000 for address, _, _ in pieces[1:])
    assert all(address + len(content) <= (4 << 20) - 20480 for address, _, content in pieces[1:])
    names = [path.name for _, path, _ in pieces]
    assert names[:2] == ["romfs.bin", "littlefs-0x100000.bin"]
    assert [address for address, _, _ in made.pieces(4 << 20, with_flash=False)] == [0xB0000]
