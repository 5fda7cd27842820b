"""node.sh update: a user changes a file in firmware/ and sends it to nodes over the air."""

from __future__ import annotations

import json

import pytest
from clone import Clone
from nodes import config_for
from updates import KEY, VERSION, half, talk

from host.settings.nodes import Nodes


def test_from_a_changed_file_to_a_node_that_has_it(node, broker, tmp_path):
    clone = Clone(tmp_path / "clone")
    (clone.folder / "config.json").write_text(json.dumps(config_for(broker, update_key=KEY)))
    init = clone.folder / "firmware" / "lib" / "node" / "__init__.py"
    feather = node(update_key=KEY)
    feather.reading()

    done = clone.run("./node.sh", "update", "n1")
    assert done.returncode == 0 and done.stdout == f"n1 is up to date: version {VERSION}\n", done.stderr

    init.write_text(init.read_text().replace(f'"{VERSION}"', '"9.2.1"'))
    done = clone.run("./node.sh", "update", "--dry-run", "n1")
    assert done.returncode == 0 and done.stdout == "", done.stderr
    assert "n1: would be sent: " in done.stderr

    done = clone.run("./node.sh", "update", "--all")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("n1 works: update ") and done.stdout.endswith(", version 9.2.1\n")
    done = clone.run("./node.sh", "update", "n1")
    assert done.stdout == "n1 is up to date: version 9.2.1\n", done.stderr

    stranger = config_for(broker, update_key="66" * 32)
    (clone.folder / "config.json").write_text(json.dumps(stranger))
    init.write_text(init.read_text().replace('"9.2.1"', '"9.2.2"'))
    done = clone.run("./node.sh", "update", "n1")
    assert done.returncode == 11 and "it refuses: wrong signature" in done.stderr, done.stderr

    (clone.folder / "config.json").write_text(json.dumps(stranger | {"update_key": None}))
    done = clone.run("./node.sh", "update", "n1")
    assert done.returncode == 1 and "it has no update_key: ./bootstrap.sh n1" in done.stderr, done.stderr


def test_what_somebody_has_on_the_board_stays_and_is_named(node, broker, tmp_path):
    clone = Clone(tmp_path / "clone")
    (clone.folder / "config.json").write_text(json.dumps(config_for(broker, update_key=KEY)))
    feather = node(update_key=KEY)
    feather.reading()
    init = clone.folder / "firmware" / "lib" / "node" / "__init__.py"
    init.write_text(init.read_text().replace(f'"{VERSION}"', '"9.2.1"'))
    mine = (clone.folder / "firmware" / "main.py").read_text() + "# mine\n"
    since = feather.broker.count
    feather.board.put("/main.py", mine)
    feather.board.put("/other.py", "")
    feather.reading(since)
    done = clone.run("./node.sh", "update", "n1")
    assert done.returncode == 0 and ", version 9.2.1\n" in done.stdout, done.stderr
    assert "main.py was edited on the board" in done.stderr
    assert "other.py is in / on the board" in done.stderr
    with talk(feather) as link:
        assert half(link) == 1  # it has started once more
    with feather.board.console() as console:
        console.prompt()
        assert "# mine" in console.run("print(open('main.py').read()[-7:])")


def test_the_first_of_many_goes_alone(node, boards, broker, tmp_path):
    """If the first one rolls back, the others stay as they are."""
    clone = Clone(tmp_path / "clone")
    (clone.folder / "config.json").write_text(json.dumps(config_for(broker, update_key=KEY)))
    nodes = Nodes(clone.folder)
    nodes.settle("n1")
    feathers = [node(update_key=KEY, client_id=name) for name in ("n1", "n2", "n3")]
    for name in ("n2", "n3"):
        nodes.write(name, {"update_key": KEY})
    for feather in feathers:
        feather.reading()
    init = clone.folder / "firmware" / "lib" / "node" / "__init__.py"
    good = init.read_text()
    init.write_text(good.replace(f'"{VERSION}"', '"9.2.1"'))
    done = clone.run("./node.sh", "update", "--all")
    assert done.returncode == 0, done.stderr
    assert sorted(line.split()[0] for line in done.stdout.splitlines()) == ["n1", "n2", "n3"]
    assert done.stdout.startswith("n1 "), "the others follow"
    assert "now the other 2" in done.stderr

    session = clone.folder / "firmware" / "lib" / "node" / "session.py"
    session.write_text(session.read_text() + "raise ValueError('bad')\n")
    done = clone.run("./node.sh", "update", "--all")
    assert done.returncode == 12 and done.stdout == "", done.stderr
    assert "n1: went back: update" in done.stderr and "ValueError: bad" in done.stderr
    assert "n2" not in done.stderr and "--keep-going" in done.stderr

    session.write_text(session.read_text() + ")\n")
    done = clone.run("./node.sh", "update", "n1")
    assert done.returncode == 8 and "session.py" in done.stderr and "line" in done.stderr


@pytest.mark.parametrize("words", [(), ("--all", "n1"), ("--nonsense",)])
def test_usage(words, tmp_path):
    assert Clone(tmp_path / "clone").run("./node.sh", "update", *words).returncode == 2


def test_help(tmp_path):
    done = Clone(tmp_path / "clone").run("./node.sh", "update", "--help")
    assert done.returncode == 0 and done.stdout.startswith("Bring nodes up to date over the air")
