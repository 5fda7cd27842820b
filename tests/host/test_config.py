"""config.json, made from questions or --set."""

import json
import re
import shutil
import stat

import pytest
from accounts import PASSWORD, USER

from host.broker import reach
from host.console import Console
from host.failure import Exit, Failure
from host.settings import prepare as preparing
from host.settings.prepare import Preparation


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config.json"


def prepare(path, *assignments, yes=False, answers=()):
    console = Console(assume_yes=yes)
    if answers:
        left = list(answers)
        console.answer = lambda question, strip=True: left.pop(0)
    Preparation(console, root=path.parent).run(assignments)
    return json.loads(path.read_text())


def test_starts_from_the_example_and_belongs_to_its_owner_alone(path):
    made = prepare(path, "wifi.ssid=attic")
    expected = json.loads(preparing.EXAMPLE.read_text())
    expected["wifi"]["ssid"] = "attic"
    assert re.fullmatch(r"[0-9a-f]{64}", made["update_key"])
    assert made | {"update_key": None} == expected
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "assignment, place, value",
    [
        ("wifi.key=12345678", ("wifi", "key"), "12345678"),  # digits stay text
        ("wifi.ssid=null", ("wifi", "ssid"), "null"),
        ("mqtt.port=8883", ("mqtt", "port"), 8883),
        ("mqtt.server=broker.lan", ("mqtt", "server"), "broker.lan"),
        ('mqtt.server=["10.0.0.1", "10.0.0.2"]', ("mqtt", "server"), ["10.0.0.1", "10.0.0.2"]),
        ("mqtt.user=null", ("mqtt", "user"), None),
        ("client_id=7", ("client_id",), "7"),
        ("homeassistant=true", ("homeassistant",), True),
        ("sensors.0.every_s=2.5", ("sensors", 0, "every_s"), 2.5),
        ("sensors.0.gain=16", ("sensors", 0, "gain"), 16),  # an option of the driver
        ("sensors[0].name=42", ("sensors", 0, "name"), "42"),
        ('wifi.others=[{"ssid": "barn"}]', ("wifi", "others"), [{"ssid": "barn"}]),
        ("wifi.key=[1, 2, 3]", ("wifi", "key"), "[1, 2, 3]"),
        ('mqtt.user="null"', ("mqtt", "user"), "null"),
        ("wifi.key=a=b=c=d!", ("wifi", "key"), "a=b=c=d!"),
        ("wifi.ssid=home\U0001f3e0", ("wifi", "ssid"), "home\U0001f3e0"),
    ],
)
def test_values_get_the_type_of_their_setting(path, assignment, place, value):
    found = prepare(path, assignment)
    for part in place:
        found = found[part]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("rom", ["2812345678901234", "28e1234567890123", "28ff64021d5f0c4b", "null"])
def test_a_rom_code_of_digits_stays_text(path, rom):
    sensor = '{"driver": "ds18b20", "pin": 14, "topic": "a"}'
    assert prepare(path, f"sensors.0={sensor}", f"sensors.0.rom={rom}")["sensors"][0]["rom"] == (
        None if rom == "null" else rom
    )


@pytest.mark.parametrize(
    "assignment, code, word",
    [
        ("mqtt.port=70000", Exit.CONFIG, "mqtt.port"),
        ("mqtt.port=many", Exit.CONFIG, "mqtt.port"),
        ("mqtt.prot=1883", Exit.CONFIG, "mqtt.prot"),
        ("wifi.key=short", Exit.CONFIG, "wifi.key"),
        ("pins.led=3", Exit.CONFIG, "pins.led"),
        ("sensors.3.every_s=5", Exit.CONFIG, "sensors.3"),
        ("client_id.x=1", Exit.CONFIG, "client_id.x"),
        ("wifi.ssid", Exit.USAGE, "KEY=VALUE"),
        ("wifi.ssid=caf\udce9", Exit.USAGE, "not text in UTF-8"),  # a Latin-1 byte, as the command line has it
        ("caf\udce9=x", Exit.USAGE, "not text in UTF-8"),
        ("mqtt.user=a\x85b", Exit.CONFIG, "mqtt.user"),
        ("client_id=\ufffe", Exit.CONFIG, "client_id"),
        (f"update_key={'g' * 64}", Exit.CONFIG, "update_key"),
        ("sensors.0.topic=$SYS/lux", Exit.CONFIG, "sensors[0].topic"),
    ],
)
def test_bad_values_leave_no_file(path, assignment, code, word):
    with pytest.raises(Failure) as failure:
        prepare(path, assignment)
    assert failure.value.code == code
    assert word in str(failure.value)
    assert not path.exists()


def test_existing_file_is_changed_on_a_yes_only(path, capsys):
    prepare(path, "wifi.ssid=attic", "wifi.key=oldsecret", "mqtt.port=1884")
    before = path.read_bytes()
    capsys.readouterr()
    with pytest.raises(Failure, match="as you said") as failure:
        prepare(path, "wifi.key=newsecret", "mqtt.port=1885", answers=["n"])
    assert failure.value.code == Exit.USAGE
    assert path.read_bytes() == before
    shown = capsys.readouterr().err
    assert "mqtt.port: 1884 -> 1885" in shown
    assert "wifi.key (not shown)" in shown
    assert "secret" not in shown
    assert prepare(path, "mqtt.port=1885", answers=["y"])["mqtt"]["port"] == 1885
    assert prepare(path, "mqtt.port=1886", yes=True)["mqtt"]["port"] == 1886


def test_secrets_inside_lists_are_hidden(path, capsys):
    prepare(path, "wifi.ssid=attic")
    prepare(path, 'wifi.others=[{"ssid": "barn", "key": "oldsecret"}]', yes=True)
    assert "secret" not in capsys.readouterr().err


def test_nothing_to_change_changes_nothing(path):
    prepare(path, "wifi.ssid=attic")
    before = path.stat()
    prepare(path)
    prepare(path, "wifi.ssid=attic", "mqtt.port=1883")
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino


def test_wrong_existing_file_is_not_touched(path):
    shutil.copy(preparing.EXAMPLE, path)
    path.write_text(path.read_text().replace("1883", '"1883"'))
    before = path.read_bytes()
    with pytest.raises(Failure, match=r"mqtt\.port") as failure:
        prepare(path, "wifi.ssid=attic", yes=True)
    assert failure.value.code == Exit.CONFIG
    assert path.read_bytes() == before


def test_file_that_others_could_read_is_closed(path):
    shutil.copy(preparing.EXAMPLE, path)
    path.chmod(0o644)
    prepare(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.fixture
def person(monkeypatch, path):
    """person(port, answers, secrets, ...): the config.json that a user's answers make, with the broker's port given."""

    def person(port, answers, secrets, account=False, **options):
        answers, secrets = list(answers), list(secrets)
        monkeypatch.setattr("getpass.getpass", lambda question: secrets.pop(0))
        monkeypatch.setattr(reach, "lan_address", lambda: "127.0.0.1")
        monkeypatch.setattr(reach, "not_for_a_board", lambda server: None)
        monkeypatch.setattr(preparing, "EXAMPLE", path.with_name("example.json"))
        example = json.loads((preparing.ROOT / "config.example.json").read_text())
        preparing.EXAMPLE.write_text(json.dumps(example | {"mqtt": {"port": port}}))
        console = Console()
        console.answer = lambda question, strip=True: answers.pop(0)
        made, account = Preparation(console, root=path.parent, **options).run(account=account)
        assert not answers and not secrets
        return made.settings, account

    return person


def test_a_broker_that_is_open_is_taken_by_return(person, broker):
    made, account = person(broker.port, ["attic", ""], ["wifi secret"])
    assert made["wifi"] | {"ssid": "attic", "key": "wifi secret"} == made["wifi"]
    assert (made["mqtt"]["server"], made["mqtt"]["user"], account) == ("127.0.0.1", None, False)


def test_a_broker_that_wants_an_account_is_asked_about_it(person, locked, capsys):
    """A wrong password is reported at once."""
    answers = ["attic", "n", "127.0.0.1", USER, "n", "127.0.0.1", USER]
    made, account = person(locked.port, answers, ["wifi secret", "wrong", PASSWORD])
    assert made["mqtt"] | {"server": "127.0.0.1", "user": USER, "password": PASSWORD} == made["mqtt"]
    assert not account
    assert "wants an account" in capsys.readouterr().err


def test_no_broker_here_is_offered_one_and_the_node_an_account(person):
    """Yes by default; the node's name is asked, as its account gets that name."""
    made, account = person(1, ["attic", "", "people", ""], ["wifi secret"])
    assert account
    assert (made["client_id"], made["mqtt"]["server"], made["mqtt"]["user"]) == ("feather", "127.0.0.1", "feather")
    assert len(made["mqtt"]["password"]) == 43


def test_no_broker_here_and_no_right_to_set_one_up(person, capsys):
    """The reason is said, and the next question comes: no answer is lost."""
    answers = ["attic", "", "10.0.0.7", "y"]
    made, account = person(1, answers, ["wifi secret"], possible=lambda: "sudo does not work here")
    assert made["mqtt"]["server"] == "10.0.0.7"
    assert not account
    assert "not now: sudo does not work here" in capsys.readouterr().err


def test_questions_for_a_node_with_an_account(person):
    """As bootstrap.sh --broker asks them."""
    made, account = person(1, ["air", "10.0.0.7", "attic"], ["wifi secret"], account=True)
    assert account
    assert (made["client_id"], made["wifi"]["ssid"], made["mqtt"]["server"]) == ("attic", "air", "10.0.0.7")
    assert made["mqtt"]["user"] == "attic"


def test_nobody_to_ask(path, monkeypatch):
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115
    with pytest.raises(Failure, match="no terminal") as failure:
        prepare(path)
    assert failure.value.code == Exit.USAGE
    assert not path.exists()
