"""Advice about this computer."""

import grp
import os
from types import SimpleNamespace

import pytest

from host.board import access

DIALOUT = SimpleNamespace(gr_gid=20, gr_mem=["hanna"])


@pytest.fixture
def user(monkeypatch, tmp_path):
    """user(name, *groups): another user runs this, on a computer with every program and no daemon."""

    def user(name, *groups):
        monkeypatch.setattr(access.getpass, "getuser", lambda: name)
        monkeypatch.setattr(grp, "getgrnam", lambda group: DIALOUT)
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        monkeypatch.setattr(os, "getegid", lambda: 1000)
        monkeypatch.setattr(os, "getgroups", lambda: [1000, *groups])

    monkeypatch.setattr(access.shutil, "which", lambda program: f"/usr/bin/{program}")
    user("hanna", 20)
    return user


def advice(tmp_path, *running):
    for number, name in enumerate(running, 100):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "comm").write_text(name + "\n")
    return access.advice(tmp_path)


def test_all_is_well(user, tmp_path):
    assert advice(tmp_path, "bash", "mosquitto") == []


def test_not_in_the_group(user, tmp_path):
    user("otto")
    (sentence,) = advice(tmp_path)
    assert "sudo usermod -a -G dialout otto" in sentence


def test_in_the_group_since_this_login(user, tmp_path):
    user("hanna")
    (sentence,) = advice(tmp_path)
    assert "log out and in" in sentence
    assert "usermod" not in sentence


def test_root_needs_no_group(user, tmp_path, monkeypatch):
    user("root")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert advice(tmp_path) == []


@pytest.mark.parametrize("name, cure", [("ModemManager", "systemctl disable"), ("brltty", "apt-get remove brltty")])
def test_daemons_that_take_serial_ports(user, tmp_path, name, cure):
    (sentence,) = advice(tmp_path, "bash", name)
    assert sentence.startswith(name)
    assert cure in sentence


def test_missing_programs_are_one_command(user, tmp_path, monkeypatch):
    monkeypatch.setattr(access.shutil, "which", lambda program: None)
    (sentence,) = advice(tmp_path)
    assert sentence.endswith("sudo apt-get install picocom nano mosquitto-clients")
