"""The target is read strictly, and never holds a credential."""

from __future__ import annotations

import pathlib

import pytest

from gate.errors import TargetError
from gate.target import load_target

TARGET = """
title = "Web"
host = "local://"
[api]
base = "http://127.0.0.1:8000"
[database]
service = "web"
"""


def write(folder: pathlib.Path, text: str) -> pathlib.Path:
    """Write a target file."""
    file = folder / "web.toml"
    file.write_text(text, "utf-8")
    return file


def test_by_name_and_by_path(tmp_path: pathlib.Path) -> None:
    """A name is a file of the folder; a path is itself."""
    file = write(tmp_path, TARGET)
    assert load_target("web", tmp_path) == load_target(str(file), pathlib.Path("/nowhere"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(TARGET + "pasword_env = 1\n", "database.pasword_env: unknown key", id="key"),
        pytest.param(TARGET + 'password = "x"\n', "a credential must not be written", id="literal"),
        pytest.param(
            TARGET.replace("http://127", "http://me:pw@127"), "user and password", id="in-url"
        ),
        pytest.param(TARGET.replace(":8000", ":99999"), "api.base: ", id="port"),
        pytest.param(TARGET.replace("127.0.0.1:8000", ":8000"), "must name a host", id="no-host"),
        pytest.param(TARGET.replace("local://", "hera"), "is no host spec", id="host"),
        pytest.param(TARGET.replace("local://", "paramiko://h"), "is no host spec", id="way"),
        pytest.param(TARGET.replace("local://", "ssh://a:b@h"), "user and password", id="ssh"),
        pytest.param("title = ", "malformed TOML", id="toml"),
        pytest.param("", "title: Field required", id="empty"),
        pytest.param(
            TARGET + '[[differs]]\nitem = "service.x"\nreason = "r"\n',
            "changes nothing",
            id="differs",
        ),
    ],
)
def test_mistake(tmp_path: pathlib.Path, text: str, message: str) -> None:
    """A mistake is reported with its file and key."""
    file = write(tmp_path, text)
    with pytest.raises(TargetError) as caught:
        load_target(str(file), tmp_path)
    assert str(caught.value).startswith(str(file))
    assert message in str(caught.value)


def test_unknown_name(tmp_path: pathlib.Path) -> None:
    """An unknown target names those that there are."""
    write(tmp_path, TARGET)
    with pytest.raises(TargetError, match="named targets: web"):
        load_target("hera", tmp_path)
