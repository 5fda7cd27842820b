"""A node at the broker that bootstrap.sh --broker sets up: it works, and guessed passwords are refused."""

import itertools
import re
import secrets
import subprocess
import sys

import pytest
from accounts import log_in
from boards import ROOT
from nodes import Node, write_flash

from host.image.images import IMAGES
from host.settings.check import Invalid, load

EVERY_S = 1
SETTINGS = (f"sensors.0.every_s={EVERY_S}", "stats_s=10")
_REFUSED = (4, 5)  # CONNACK: bad user name or password, not authorized
# The users and passwords that an attacker tries first.
USERS = ("attic", "people", "admin", "root", "pi", "mosquitto", "mqtt", "test", "attic ", "")
PASSWORDS = ("attic", "people", "password", "123456", "admin", "raspberry", "mosquitto", "micropythoN", "", "$7$101$")


def test_flash_sh_and_watch_hear_the_node(delivered, board, tmp_path):
    """A node's account may not read the node's own messages, so both use the account of the people."""
    delivered.add("attic", *SETTINGS)
    delivered.start_as_people()
    image = tmp_path / IMAGES["romfs"].file_name
    subprocess.run([sys.executable, "-m", "virtual_feather", "image", "romfs", "--out", image], cwd=ROOT, check=True)
    words = ("--port", board.port, "--image", str(image), "--yes")
    done = delivered.clone.run(sys.executable, "-m", "host.flash", *words)
    assert done.returncode == 0, done.stderr
    announcement, reading = done.stdout.splitlines()
    assert re.fullmatch(r"connect/attic [0-9a-f]{12}", announcement)
    assert re.fullmatch(r"sensors/attic/lux 2\d\d\.\d\d", reading)
    watched = delivered.clone.run("bash", "-c", "./node.sh watch 'sensors/#' | head -n 1")
    assert re.search(r"  attic +sensors/lux +2", watched.stdout), watched.stderr
    update_key = delivered.nodes.get("attic").settings["update_key"]
    for secret in (delivered.secret("attic"), delivered.secret("people"), update_key):
        assert secret not in done.stdout + done.stderr


def test_1000_guesses(delivered, boards, tmp_path):
    """No guess gets in, and the node meanwhile publishes at its interval."""
    config = delivered.add("attic", *SETTINGS)
    delivered.start_as_people()
    write_flash(tmp_path / "attic", config)
    node = Node(boards("attic"), delivered, "attic", 0.0)
    node.reading()
    guesses = [(user, password) for user in USERS for password in PASSWORDS]
    guesses += [(secrets.choice(USERS), secrets.token_urlsafe(32)) for _ in range(1000 - len(guesses))]
    before = delivered.count
    answers = [log_in(delivered.port, user or None, password) for user, password in guesses]
    assert len(answers) == 1000
    assert set(answers) <= set(_REFUSED)
    for _ in range(3):
        node.reading(since=delivered.count)
    times = [message.at for message in delivered.of(node.topic("sensors", "lux"), before)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    print(f"1000 guesses, nobody in; readings every {EVERY_S} s meanwhile, the longest gap {max(gaps):.2f} s")
    assert not delivered.of(node.topic("disconnect"), before)
    assert len(delivered.of(node.topic("connect"))) == 1
    assert log_in(delivered.port, "attic", delivered.secret("attic")) == 0


def test_the_node_says_all_it_has_to_say_there(delivered, boards, tmp_path):
    """The access list allows all that a node sends: nothing is lost silently."""
    config = delivered.add("attic", *SETTINGS)
    delivered.start_as_people()
    write_flash(tmp_path / "attic", config)
    board = boards("attic")
    node = Node(board, delivered, "attic", 0.0)
    for topic in ("connect/attic", "status/attic", "sensors/attic/lux"):
        delivered.wait(topic)
    delivered.wait("stats/attic")
    seen = delivered.count
    board.ctl("i2c", "nack")
    node.fault(4, seen)
    board.ctl("i2c", "ok")
    node.fault(0, seen)
    seen = delivered.count
    delivered.stop(gently=True)
    board.ctl("light", "100")
    delivered.start_as_people()
    delivered.wait("late/attic/lux", seen)
    board.ctl("runapp", "hold")
    delivered.wait("disconnect/attic")
    delivered.wait("status/attic", want=lambda message: message.payload == "offline")


@pytest.mark.parametrize("image", IMAGES)
def test_the_board_opens_no_door_of_its_own(node, image):
    """The access point of a new image is off by the node's first message; WebREPL never starts."""
    feather: Node = node(image=image)
    feather.comes("connect")
    assert not feather.board.status()["access_point"]
    with feather.board.console() as console:
        console.prompt()
        code = "import sys, network\nprint(network.WLAN(network.AP_IF).active(), 'webrepl' in sys.modules)"
        assert console.run(code) == "False False\n"


def test_tls_is_refused_in_a_sentence(tmp_path):
    """docs/security.md gives the reasons."""
    (tmp_path / "config.json").write_text('{"mqtt": {"tls": true}}')
    with pytest.raises(Invalid, match=r"^mqtt\.tls is not a setting"):
        load(tmp_path / "config.json")
