"""update.sh: a user changes a file in firmware/ and brings it to nodes by air."""

from __future__ import annotations

import json

import pytest
from clone import Clone
from nodes import config_for
from updates import KEY

pytestmark = pytest.mark.alone


def test_from_a_changed_file_to_a_node_that_has_it(node, broker, tmp_path):
    clone = Clone(tmp_path / "clone")
    (clone.folder / "config.json").write_text(json.dumps(config_for(broker, update_key=KEY)))
    init = clone.folder / "firmware" / "lib" / "node" / "__init__.py"
    feather = node(update_key=KEY)
    feather.reading()

    done = clone.run("./update.sh", "n1")
    assert done.returncode == 0 and done.stdout == "n1 is up to date: version 0.2.0\n", done.stderr

    init.write_text(init.read_text().replace('VERSION = "0.2.0"', 'VERSION = "0.2.1"'))
    done = clone.run("./update.sh", "--dry-run", "n1")
    assert done.returncode == 0 and done.stdout == "", done.stderr
    assert "lib/node/__init__.mpy" in done.stderr and "stats" not in done.stderr

    done = clone.run("./update.sh", "--all")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("n1 works: update ") and done.stdout.endswith(", version 0.2.1\n")
    done = clone.run("./update.sh", "n1")
    assert done.stdout == "n1 is up to date: version 0.2.1\n", done.stderr

    stranger = config_for(broker, update_key="66" * 32)
    (clone.folder / "config.json").write_text(json.dumps(stranger))
    init.write_text(init.read_text().replace('VERSION = "0.2.1"', 'VERSION = "0.2.2"'))
    done = clone.run("./update.sh", "n1")
    assert done.returncode == 11 and "n1 refuses: wrong signature" in done.stderr, done.stderr

    (clone.folder / "config.json").write_text(json.dumps(stranger | {"update_key": None}))
    done = clone.run("./update.sh", "n1")
    assert done.returncode == 1 and "update_key of n1" in done.stderr, done.stderr


def test_a_main_py_that_somebody_edited_on_the_board_stays(node, broker, tmp_path):
    clone = Clone(tmp_path / "clone")
    (clone.folder / "config.json").write_text(json.dumps(config_for(broker, update_key=KEY)))
    feather = node(update_key=KEY)
    feather.reading()
    main = clone.folder / "firmware" / "main.py"
    main.write_text(main.read_text() + "# newer\n")
    done = clone.run("./update.sh", "n1")
    assert done.returncode == 0 and "main.py on the board was not put there from here" in done.stderr, done.stderr


@pytest.mark.parametrize("words", [(), ("--all", "n1"), ("--nonsense",)])
def test_usage(words, tmp_path):
    assert Clone(tmp_path / "clone").run("./update.sh", *words).returncode == 2


def test_help(tmp_path):
    done = Clone(tmp_path / "clone").run("./update.sh", "--help")
    assert done.returncode == 0 and done.stdout.startswith("Bring nodes up to date by air")
