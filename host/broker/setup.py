"""bootstrap.sh --broker, --broker --print, --remove-broker: Mosquitto here, for our nodes and nobody else."""

import re
import subprocess
import time
from pathlib import Path

from host import private_files
from host.broker import mosquitto, reach
from host.broker.client import Listener
from host.broker.system_files import SystemFiles
from host.console import ROOT, Console
from host.failure import Exit, Failure
from host.settings import keys

_CONFIGURATION = "/etc/mosquitto"
_FOLDER = f"{_CONFIGURATION}/huzzah-node"
_CONF = f"{_CONFIGURATION}/conf.d/huzzah-node.conf"
_PASSWD = f"{_FOLDER}/passwd"
_ACL = f"{_FOLDER}/acl"
_DROP_IN = "/etc/systemd/system/mosquitto.service.d/huzzah-node.conf"
_OWNER = "mosquitto"  # whom Mosquitto becomes before it reads passwd and acl
# Lines of somebody else's that ours would contradict, or that would open another door.
_CONTRARY = re.compile(
    r"^\s*((?:listener|port|allow_anonymous|password_file|acl_file|per_listener_settings)\b.*)", re.M
)
_BY_HAND = "sudo mosquitto -d -c /etc/mosquitto/mosquitto.conf"
_START_S = 10  # seconds for Mosquitto to answer after a restart
_CLIENTS = ("mosquitto_sub", "mosquitto_pub")  # read their options from $XDG_CONFIG_HOME/<name>


def check(console: Console, prefix: Path = Path("/")) -> None:
    """Raise Failure when set_up() would: no rights, no Mosquitto, or one that somebody else has configured."""
    files = SystemFiles(console, "./bootstrap.sh --broker", prefix)
    _check_others(files)
    files.check_rights()
    need = ". host/venv.sh && need_programs mosquitto mosquitto_pub"
    if subprocess.run(["bash", "-c", need], cwd=ROOT, check=False).returncode:
        raise Failure(Exit.COMPUTER, "Mosquitto is not installed here: the command is above")


def set_up(console: Console, settings: dict, prefix: Path = Path("/")) -> None:
    """Have Mosquitto run with an account for the node that these complete `settings` describe, beside those it has."""
    files = SystemFiles(console, "./bootstrap.sh --broker", prefix)
    _check_others(files)
    port = settings["mqtt"]["port"]
    _make_people(port)
    new = _texts(files, settings)
    changed = [path for path, text in new.items() if _write(files, path, text)]
    if {_CONF, _DROP_IN} & set(changed):
        started = files.service("restart", "mosquitto")
    else:
        started = not changed or files.service("reload", "mosquitto")
    if not changed:
        console.note("  Mosquitto has these files already")
    elif not started:
        console.note(f"  there is no systemd here: end Mosquitto if it runs, then {_BY_HAND}")
    if started and prefix == Path("/"):
        _check(port)
    _tell(console, settings)


def show(settings: dict, prefix: Path = Path("/")) -> None:
    """Print the files that set_up() would write for this one node; passwords are left out."""
    name = mosquitto.check_name(settings["client_id"])
    lines = {user: f"{user}:<the hash of its password>" for user in (name, keys.PEOPLE)}
    sections = {name: mosquitto.own_topics(settings)}
    folder = prefix / _FOLDER.lstrip("/")
    print(f"# --- {_CONF}\n{mosquitto.conf(settings['mqtt']['port'], folder)}")
    print(f"# --- {_ACL} ({_OWNER} alone may read it)\n{mosquitto.acl(sections)}")
    print(f"# --- {_PASSWD} ({_OWNER} alone may read it)\n{mosquitto.passwd(lines)}")
    print(f"# --- {_DROP_IN}\n{mosquitto.DROP_IN}", end="")


def remove(console: Console, prefix: Path = Path("/")) -> None:
    """Take away what set_up() made, except the nodes' own passwords: their boards still have them."""
    console.step("Mosquitto on this computer")
    files = SystemFiles(console, "./bootstrap.sh --remove-broker", prefix)
    if files.remove([_CONF, _PASSWD, _ACL, _DROP_IN], [_FOLDER, _DROP_IN.rpartition("/")[0]]):
        if not files.service("restart", "mosquitto"):
            console.note(f"  there is no systemd here: end Mosquitto, then {_BY_HAND}")
        console.note("  as it was before ./bootstrap.sh --broker: without a `listener` it hears this computer only")
    else:
        console.note("  has nothing of ours")
    for name in (f"{keys.PEOPLE}.json", *_CLIENTS):
        (keys.FOLDER / name).unlink(missing_ok=True)


def _texts(files: SystemFiles, settings: dict) -> dict[str, str]:
    """Return the text of each file by path: what is there of other nodes stays."""
    name = settings["client_id"]
    sections = mosquitto.sections(files.read(_ACL) or "")
    sections[name] = mosquitto.own_topics(settings)
    mosquitto.check_topics(name, sections)
    lines = mosquitto.accounts(files.read(_PASSWD) or "")
    for user, password in ((name, settings["mqtt"]["password"]), (keys.PEOPLE, keys.known(keys.PEOPLE)["password"])):
        lines[user] = mosquitto.line_for(user, password, lines.get(user))
    return {
        _PASSWD: mosquitto.passwd(lines),
        _ACL: mosquitto.acl(sections),
        _CONF: mosquitto.conf(settings["mqtt"]["port"], files.path(_FOLDER)),
        _DROP_IN: mosquitto.DROP_IN,
    }


def _write(files: SystemFiles, path: str, text: str) -> bool:
    if path in (_PASSWD, _ACL):
        return files.write(path, text, owner=_OWNER, mode=0o600)
    return files.write(path, text)


def _check_others(files: SystemFiles) -> None:
    """Raise Failure when Mosquitto is configured already, in a file that is not ours."""
    folder = files.path(_CONFIGURATION)
    for path in [folder / "mosquitto.conf", *sorted((folder / "conf.d").glob("*.conf"))]:
        if path == files.path(_CONF) or not path.exists():
            continue
        if found := _CONTRARY.search(path.read_text(errors="replace")):
            raise Failure(
                Exit.COMPUTER,
                f"{path} has `{found[1].strip()}`, which is another way to run this broker: remove that line, or set "
                "the broker up by hand (docs/security.md); none of its files was touched",
            )


def _make_people(port: int) -> None:
    """Have a password for the people and tools here, and the files from which Mosquitto's own programs take it."""
    if not keys.known(keys.PEOPLE).get("password"):
        keys.remember(keys.PEOPLE, password=keys.new_password())
    options = f"-u {keys.PEOPLE}\n-P {keys.known(keys.PEOPLE)['password']}\n-p {port}\n"
    for path in (keys.FOLDER / client for client in _CLIENTS):
        if not path.exists() or path.read_text() != options:
            private_files.write(path, options.encode())


def _check(port: int) -> None:
    """Raise Failure unless Mosquitto lets the account of the tools in, soon."""
    password = keys.known(keys.PEOPLE)["password"]
    account = {"server": "127.0.0.1", "port": port, "user": keys.PEOPLE, "password": password}
    deadline = time.monotonic() + _START_S
    while True:
        with Listener({"mqtt": account, "sensors": []}, keys.PEOPLE) as listener:
            if listener.connected:
                return
        if time.monotonic() > deadline:
            raise Failure(
                Exit.COMPUTER,
                f"Mosquitto does not answer on port {port} ({listener.refused or 'no connection'}): journalctl -u "
                "mosquitto -n 20 says why; ./bootstrap.sh --remove-broker takes its new files away",
            )
        time.sleep(0.2)


def _tell(console: Console, settings: dict) -> None:
    server = settings["mqtt"]["server"]
    for host in [server] if isinstance(server, str) else server:
        if not reach.is_here(host):
            console.note(f"  {host}, where the node looks for its broker (mqtt.server), is not this computer")
    console.note(f"  {settings['client_id']} has an account, which config.json knows: ./flash.sh puts it on the board")
    console.note(
        f"  to hear all nodes here: XDG_CONFIG_HOME={keys.FOLDER} mosquitto_sub -v -t '#'\n"
        f"  from elsewhere: the account {keys.PEOPLE}, whose password is in {keys.FOLDER.name}/{keys.PEOPLE}.json"
    )
