"""Whose secrets are whose: keys/, and what it does to a node's config.json."""

import re
import stat

import pytest

from host.settings import keys

OLD = "00" * 32


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "keys"


def key_of(config, folder):
    keys.give_update_key(config, folder)
    return config["update_key"]


def test_a_key_is_made_once(folder):
    config = {"client_id": "attic"}
    key = key_of(config, folder)
    assert re.fullmatch("[0-9a-f]{64}", key)
    assert key_of(config, folder) == key
    assert key_of({}, folder) != key


def test_null_means_no_updates(folder):
    assert key_of({"client_id": "attic", "update_key": None}, folder) is None


@pytest.mark.parametrize("name", ["cellar", None])
def test_the_key_of_another_node_is_not_taken_along(folder, name):
    keys.remember("attic", folder, update_key=OLD)
    key = key_of({"client_id": name, "update_key": OLD}, folder)
    assert key != OLD
    keys.remember("cellar", folder, update_key=key)
    assert key_of({"client_id": "attic", "update_key": key}, folder) == OLD
    assert keys.sharing("barn", OLD, folder) == ["attic"]
    assert keys.sharing("attic", OLD, folder) == []


def test_two_boards_from_one_config_json_can_be_told_apart(folder):
    """Nodes without a client_id: flash.sh, which learns their names, has kept the same key for both."""
    for name in ("feather-000001", "feather-000002"):
        keys.remember(name, folder, update_key=OLD)
    assert key_of({"client_id": "feather-000002", "update_key": OLD}, folder) != OLD


def test_kept_for_the_owner_alone_and_nothing_is_forgotten(folder):
    keys.remember("attic", folder, password="secret", update_key=OLD)
    keys.remember("attic", folder, password=None, update_key="11" * 32)
    assert keys.known("attic", folder) == {"password": "secret", "update_key": "11" * 32}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "attic.json").stat().st_mode) == 0o600
    assert keys.known("cellar", folder) == keys.known(None, folder) == {}


def test_tools_take_the_account_of_the_people_only_at_our_own_broker(folder):
    ours = {"user": "attic", "password": "secret"}
    keys.remember("attic", folder, password="secret")
    assert keys.account_for_tools(ours, folder) == ("attic", "secret")
    keys.remember(keys.PEOPLE, folder, password="theirs")
    assert keys.account_for_tools(ours, folder) == ("people", "theirs")
    for other in ({"user": "attic", "password": "other"}, {"user": "hanna", "password": "secret"}):
        assert keys.account_for_tools(other, folder) == (other["user"], other["password"])
    assert keys.account_for_tools({"user": None, "password": None}, folder) == (None, None)
