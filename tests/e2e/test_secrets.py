"""Secrets are planted in a node's settings, then everything that can go wrong does: the secrets show up nowhere.

Searched: the output of bootstrap.sh, flash.sh and node.sh, the board's console, every topic, the files that other
users may read, git.
"""

import json
import re
import shutil
import subprocess
import sys
import threading

import pytest
from boards import ROOT

from host.image.images import IMAGES

# Long enough not to be found by chance.
WIFI = "planted-Wi-Fi-key-of-the-attic"
OTHER_WIFI = "planted-Wi-Fi-key-of-the-barn"
PASSWORD = "planted-password-of-the-attic"
WRONG = "planted-password-that-is-wrong"
UPDATE = "91ab7ed0" * 8
STRANGE = "0d5e77aa" * 8
SECRETS = (WIFI, OTHER_WIFI, PASSWORD, WRONG, UPDATE, STRANGE)
_SOON_S = 60  # of the board's clock

STUMBLE = '''\
"""Raises what no driver should, with all settings in reach."""

from node.sensors import adc


class Sensor(adc.Sensor):
    async def read(self):
        with open("config.json") as f:
            settings = f.read()
        raise RuntimeError("stumbled over %d bytes" % len(settings))
'''


class Ear(threading.Thread):
    """Reads the board's console until it is told to stop, and types on it meanwhile."""

    def __init__(self, board):
        super().__init__(daemon=True)
        self.heard = bytearray()
        self._board = board
        self._console = board.console()
        self._over = threading.Event()
        self.start()

    def run(self):
        while not self._over.is_set():
            self.heard += self._console.line.read(self._console.line.in_waiting or 1)

    def type(self, keys):
        self._console.send(keys)

    def stop(self):
        self._over.set()
        self.join()
        self._console.line.close()

    def hears(self, word, since=0):
        """Wait for a word after the first `since` bytes, by the board's clock."""
        self._board.until(lambda: word in self.heard[since:], _SOON_S)


class Computer:
    """A clone of the project under git, the delivered broker, a board in a Wi-Fi that wants the planted key."""

    def __init__(self, delivered, board, folder):
        self.broker = delivered
        self.board = board
        self.folder = delivered.clone.folder
        self.said = ""
        shutil.copy2(ROOT / ".gitignore", self.folder)
        (self.folder / "firmware/lib/node/sensors/stumble.py").write_text(STUMBLE)
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "--quiet", "--message", "all")
        board.ctl("wifi", "on", "--ssid", "air", "--key", WIFI)
        self.image = folder / IMAGES["romfs"].file_name
        words = ("-m", "virtual_feather", "image", "romfs", "--out", self.image)
        subprocess.run([sys.executable, *words], cwd=ROOT, check=True)

    def git(self, *words):
        done = subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout + done.stderr

    def flash(self, *words, code=0):
        words = ("--port", self.board.port, "--image", str(self.image), "--yes", *words)
        done = self.broker.clone.run(sys.executable, "-m", "host.flash", *words)
        assert done.returncode == code, done.stderr
        self.said += done.stdout + done.stderr

    @property
    def config(self):
        return json.loads((self.folder / "config.json").read_text())


@pytest.fixture
def computer(delivered, board, tmp_path):
    computer = Computer(delivered, board, tmp_path)
    sensors = [{"driver": "tsl2561", "every_s": 1}, {"driver": "stumble", "every_s": 5}]
    delivered.add(
        "attic",
        f"wifi.key={WIFI}",
        f'wifi.others=[{{"ssid": "barn", "key": "{OTHER_WIFI}"}}]',
        "wifi.timeout_s=5",
        "mqtt.user=attic",
        f"mqtt.password={PASSWORD}",
        f"update_key={UPDATE}",
        "sensors=" + json.dumps(sensors),
        "stats_s=10",
        alone=True,
    )
    delivered.start_as_people()
    return computer


def wrong_password(computer, ear):
    since = len(ear.heard)
    config = computer.config
    config["mqtt"]["password"] = WRONG
    del config["sensors"][1]  # its fault would be shown too
    computer.board.put("/config.json", json.dumps(config))
    computer.board.until(lambda: computer.board.ctl("led").endswith("fault 1"), _SOON_S)
    ear.type(b"\x03")
    ear.hears(b"Ctrl-D starts", since)


def bad_settings(computer, ear):
    config = json.dumps(computer.config)
    for changed, sentence in (
        (config.replace(f'"{WIFI}"', f'"{WIFI * 3}"'), b"wifi.key must be"),
        (config.replace(f'"{OTHER_WIFI}"', f'["{OTHER_WIFI}"]'), b"wifi.others[0].key must be"),
        (config.replace(f'"{PASSWORD}"', f'{{"is": "{PASSWORD}"}}'), b"mqtt.password must be"),
        (config.replace(f'"{UPDATE}"', f'"{UPDATE}{UPDATE}"'), b"update_key must be"),
        (config.replace(f'"{PASSWORD}"', f'"{PASSWORD}'), b"is not JSON"),
        (config[: config.index(PASSWORD) + 9], b"is not JSON"),
    ):
        assert changed != config
        since = len(ear.heard)
        computer.board.put("/config.json", changed)
        ear.hears(sentence, since)


def crash(computer, ear):
    since = len(ear.heard)
    computer.board.put("/config.json", json.dumps(computer.config))
    ear.hears(b"Traceback", since)
    ear.hears(b"stumbled over", since)


def wrong_wifi(computer, ear):
    since = len(ear.heard)
    config = computer.config
    del config["sensors"][1]
    computer.board.put("/config.json", json.dumps(config))
    computer.board.ctl("wifi", "on", "--ssid", "air", "--key", "another one")
    computer.board.ctl("reset")
    computer.board.until(lambda: computer.board.ctl("led").endswith("fault 7"), _SOON_S)
    computer.board.ctl("wifi", "on", "--ssid", "air", "--key", WIFI)
    ear.type(b"\x03\x04")
    ear.hears(b"MPY: soft reboot", since)


def broker_lost(computer, ear):
    since = computer.broker.count
    computer.broker.stop(gently=True)
    computer.board.skip(2)
    computer.broker.start_as_people()
    computer.board.until(lambda: computer.broker.of("connect/attic", since), _SOON_S)
    computer.board.ctl("i2c", "nack")
    computer.broker.wait("fault/attic", since, lambda message: message.json["code"] == 4)
    computer.board.ctl("i2c", "ok")


def update(computer):
    """An update over the air that works, and an update that the node refuses, as another key has signed it."""
    init = computer.folder / "firmware/lib/node/__init__.py"
    version = re.search(r'VERSION = "(.*)"', init.read_text())[1]
    path = computer.folder / "config.json"
    mine = path.read_text()
    for key, code in ((UPDATE, 0), (STRANGE, 11)):
        version += ".1"
        init.write_text(re.sub(r'VERSION = ".*"', f'VERSION = "{version}"', init.read_text()))
        path.write_text(mine.replace(UPDATE, key))
        done = computer.broker.clone.run("./node.sh", "update", "attic")
        assert done.returncode == code, done.stderr
        computer.said += done.stdout + done.stderr
    path.write_text(mine)
    computer.git("checkout", "--quiet", str(init))


def failed_flash(computer):
    """The broker refuses the account in config.json."""
    path = computer.folder / "config.json"
    good = path.read_text()
    path.write_text(good.replace(PASSWORD, WRONG))
    computer.flash("--files-only", code=9)
    assert "not authori" in computer.said
    path.write_text(good)


def readable_by_others(folder):
    """Files with a secret that other users than their owner may read."""
    found = []
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_symlink() or not path.is_file() or parts[0] in (".venv", ".git"):
            continue
        content = path.read_bytes()
        closed = any(parent.stat().st_mode & 0o077 == 0 for parent in (path, *path.parents[: len(parts) - 1]))
        if any(secret.encode() in content for secret in SECRETS) and not closed:
            found.append(path)
    return found


def test_planted_secrets_are_seen_nowhere(computer, request):
    computer.flash()
    ear = Ear(computer.board)
    try:
        crash(computer, ear)
        for _ in range(20 if request.config.getoption("--long") else 1):
            for fault in (wrong_password, bad_settings, crash, wrong_wifi, broker_lost):
                fault(computer, ear)
        update(computer)
    finally:
        ear.stop()

    config = computer.config
    config["wifi"]["ssid"] = "air"
    computer.board.put("/config.json", json.dumps(config))  # not as flash.sh wrote it, so it goes into the backup
    computer.board.put("/main.py", f"print('by hand')\nKEY = {WIFI!r}\n")
    computer.flash()
    computer.flash("--dry-run")
    failed_flash(computer)
    computer.broker.bootstrap("--image", "romfs", "--set", f"wifi.key={OTHER_WIFI}", "--set", "mqtt.password=" + WRONG)
    computer.broker.bootstrap("--image", "romfs", "--set", f"wifi.key={WIFI}é{'é' * 40}", code=1)
    computer.broker.bootstrap("--broker", "--print")

    console = ear.heard.decode(errors="replace")
    topics = "\n".join(f"{message.topic} {message.payload}" for message in computer.broker.messages)
    everything = {
        "console": console,
        "topics": topics,
        "flash.sh, node.sh update": computer.said,
        "bootstrap.sh": computer.broker.said,
        "git status": computer.git("status", "--porcelain", "--untracked-files=all"),
        "git diff": computer.git("diff", "HEAD"),
    }
    print(f"{len(console)} characters of console, {len(computer.broker.messages)} messages")
    for place, text in everything.items():
        for secret in SECRETS:
            assert secret not in text, place
    assert everything["git status"] == ""
    # The secrets were really in use.
    assert "attic" in topics
    assert "stumbled over" in console
    assert re.search(r"saved config\.json", computer.said)
    (saved,) = [path for path in computer.folder.glob("backup/*/*/config.json") if PASSWORD in path.read_text()]
    assert saved.stat().st_mode & 0o077 == 0
    assert readable_by_others(computer.folder) == []
