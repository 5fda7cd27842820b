"""bootstrap.sh --broker, --broker --print, --remove-broker: Mosquitto here, for our nodes and nobody else."""

import re
import subprocess
import time
from pathlib import Path

from host.broker import mosquitto, people, reach
from host.broker.client import Listener
from host.broker.servers import servers
from host.broker.system_files import SystemFiles
from host.console import ROOT, Console
from host.failure import Exit, Failure

_CONFIGURATION = "/etc/mosquitto"
_FOLDER = f"{_CONFIGURATION}/huzzah-node"
_CONF = f"{_CONFIGURATION}/conf.d/huzzah-node.conf"
_PASSWD = f"{_FOLDER}/passwd"
_ACL = f"{_FOLDER}/acl"
_DROP_IN = "/etc/systemd/system/mosquitto.service.d/huzzah-node.conf"
_OWNER = "mosquitto"  # the user that Mosquitto becomes before it reads passwd and acl
# Lines in other files that ours would contradict, or that would open another door.
_CONTRARY = re.compile(
    r"^\s*((?:listener|port|allow_anonymous|password_file|acl_file|per_listener_settings)\b.*)", re.M
)
# systemd makes the folder for Mosquitto's process id; Mosquitto 2.0.11 (Debian 12) ends without it.
_BY_HAND = "sudo install -d -o mosquitto /run/mosquitto && sudo mosquitto -d -c /etc/mosquitto/mosquitto.conf"
_START_S = 10  # seconds for Mosquitto to answer after a restart


def check(console: Console, prefix: Path = Path("/")) -> None:
    """Raise Failure when set_up() would: no rights, no Mosquitto, or a Mosquitto that somebody else has configured."""
    files = SystemFiles(console, "./bootstrap.sh --broker", prefix)
    _check_others(files)
    files.check_rights()
    need = ". host/venv.sh && need_programs mosquitto mosquitto_pub"
    if subprocess.run(["bash", "-c", need], cwd=ROOT, check=False).returncode:
        raise Failure(Exit.COMPUTER, "Mosquitto is not installed here: the command is above")


def set_up(console: Console, all_settings: list[dict], prefix: Path = Path("/")) -> None:
    """Let Mosquitto run with an account for each node of these complete settings, in addition to those it has."""
    files = SystemFiles(console, "./bootstrap.sh --broker", prefix)
    _check_others(files)
    port = _port(all_settings)
    people.make(port)
    new = _texts(files, all_settings, port)
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
    _tell(console, all_settings)


def show(all_settings: list[dict], prefix: Path = Path("/")) -> None:
    """Print the files that set_up() would write for these nodes alone; passwords are left out."""
    sections = {mosquitto.check_name(one["client_id"]): mosquitto.own_topics(one) for one in all_settings}
    lines = {user: f"{user}:<the hash of its password>" for user in (*sections, people.NAME)}
    folder = prefix / _FOLDER.lstrip("/")
    print(f"# --- {_CONF}\n{mosquitto.conf(_port(all_settings), folder)}")
    print(f"# --- {_ACL} ({_OWNER} alone may read it)\n{mosquitto.acl(sections)}")
    print(f"# --- {_PASSWD} ({_OWNER} alone may read it)\n{mosquitto.passwd(lines)}")
    print(f"# --- {_DROP_IN}\n{mosquitto.DROP_IN}", end="")


def remove(console: Console, prefix: Path = Path("/")) -> None:
    """Remove what set_up() made, except the nodes' own passwords: their boards still have them."""
    console.step("Mosquitto on this computer")
    files = SystemFiles(console, "./bootstrap.sh --remove-broker", prefix)
    if files.remove([_CONF, _PASSWD, _ACL, _DROP_IN], [_FOLDER, _DROP_IN.rpartition("/")[0]]):
        if not files.service("restart", "mosquitto"):
            console.note(f"  there is no systemd here: end Mosquitto, then {_BY_HAND}")
        console.note("  as it was before ./bootstrap.sh --broker: without a `listener` it hears this computer only")
    else:
        console.note("  has nothing of ours")
    people.forget()


def _port(all_settings: list[dict]) -> int:
    """Return the port at which the nodes look for a broker on this computer: an entry of mqtt.server may have one."""
    mqtt = all_settings[0]["mqtt"]
    return next((port for host, port in servers(mqtt) if reach.is_here(host)), mqtt["port"])


def _texts(files: SystemFiles, all_settings: list[dict], port: int) -> dict[str, str]:
    """Return the text of each file by path: the entries of other nodes stay."""
    sections = mosquitto.sections(files.read(_ACL) or "")
    sections |= {one["client_id"]: mosquitto.own_topics(one) for one in all_settings}
    passwords = {one["client_id"]: one["mqtt"]["password"] for one in all_settings} | {people.NAME: people.password()}
    lines = mosquitto.accounts(files.read(_PASSWD) or "")
    for one in all_settings:
        mosquitto.check_topics(one["client_id"], sections)
    for user, password in passwords.items():
        lines[user] = mosquitto.line_for(user, password, lines.get(user))
    return {
        _PASSWD: mosquitto.passwd(lines),
        _ACL: mosquitto.acl(sections),
        _CONF: mosquitto.conf(port, files.path(_FOLDER)),
        _DROP_IN: mosquitto.DROP_IN,
    }


def _write(files: SystemFiles, path: str, text: str) -> bool:
    if path in (_PASSWD, _ACL):
        return files.write(path, text, owner=_OWNER, mode=0o600)
    return files.write(path, text)


def _check_others(files: SystemFiles) -> None:
    """Raise Failure when Mosquitto is already configured, in a file that is not ours."""
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


def _check(port: int) -> None:
    """Raise Failure unless Mosquitto accepts the account of the tools within 10 s."""
    account = {"server": "127.0.0.1", "port": port, "user": people.NAME, "password": people.password()}
    deadline = time.monotonic() + _START_S
    while True:
        with Listener({"mqtt": account, "sensors": []}, people.NAME) as listener:
            if listener.connected:
                return
        if time.monotonic() > deadline:
            raise Failure(
                Exit.COMPUTER,
                f"Mosquitto does not answer on port {port} ({listener.refused or 'no connection'}): journalctl -u "
                "mosquitto -n 20 says why; ./bootstrap.sh --remove-broker takes its new files away",
            )
        time.sleep(0.2)


def _tell(console: Console, all_settings: list[dict]) -> None:
    for host, _ in servers(all_settings[0]["mqtt"]):
        if not reach.is_here(host):
            console.note(f"  {host}, where the node looks for its broker (mqtt.server), is not this computer")
    names = ", ".join(one["client_id"] for one in all_settings)
    console.note(f"  an account of its own each: {names}; ./flash.sh puts it on the board")
    console.note(
        f"  to hear all nodes here: ./node.sh watch\n"
        f"  from elsewhere: the account {people.NAME}, whose password is in {people.FOLDER.name}/mosquitto_sub"
    )
