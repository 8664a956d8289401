"""What a launcher says of its instance: read strictly, and only what the system has."""

from __future__ import annotations

import json
import pathlib
import sys

import pytest

from gate import launcher
from gate.errors import TargetError
from gate.target import Target, load_target

TARGET = """
title = "Shop"
host = "local://"
embedded = true
[launcher]
title = "a shop"
up = ["true"]
down = ["true"]
status = {status}
{more}
"""


def target(folder: pathlib.Path, said: str, more: str = "") -> Target:
    """A target whose launcher says so."""
    (folder / "said.py").write_text(f"print({said!r})", "utf-8")
    file = folder / "shop.toml"
    status = json.dumps([sys.executable, "said.py"])
    file.write_text(TARGET.format(status=status, more=more), "utf-8")
    return load_target(str(file), folder)


def test_a_system_without_api_and_database_names_none(tmp_path: pathlib.Path) -> None:
    """A launcher says what its system has, and nothing else."""
    shop = target(tmp_path, '{"running": true, "prefix": "/srv/x", "port_offset": -3}')
    found = launcher.placed(shop, launcher.status(shop, "a"))
    assert (found.prefix, found.port(80)) == ("/srv/x", 77)
    assert (found.api.base, found.database.service) == ("", "")


def test_what_it_leaves_out_stays_as_the_file_has_it(tmp_path: pathlib.Path) -> None:
    """The file's own address, values and database hold where nothing is said of them."""
    more = '[database]\nservice = "s"\n[api]\nbase = "http://localhost:1"\n'
    more += 'values = { a = "1", b = "2" }\n'
    shop = target(tmp_path, '{"running": true, "values": {"b": "3"}}', more)
    found = launcher.placed(shop, launcher.status(shop, "a"))
    assert found.api.base == "http://localhost:1"
    assert found.api.values == {"a": "1", "b": "3"}
    assert found.database.service == "s"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        pytest.param("up", "printed no JSON object", id="no-json"),
        pytest.param("[]", "printed no JSON object", id="no-object"),
        pytest.param("{}", "launcher.status: running: Field required", id="lacks"),
        pytest.param('{"running": "yes"}', "launcher.status: running: ", id="no-flag"),
        pytest.param('{"running": true, "port_offset": "1"}', "port_offset: ", id="text"),
        pytest.param('{"running": true, "prefix": "var"}', "prefix: ", id="relative"),
        pytest.param('{"running": true, "database": ""}', "database: ", id="empty"),
        pytest.param('{"running": true, "env": {"A=B": "c"}}', "env.A=B", id="variable"),
        pytest.param('{"running": true, "api": "http://h"}', "there is no [api]", id="api"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: pathlib.Path, said: str, message: str) -> None:
    """The file and the key are named, whatever a launcher prints."""
    shop = target(tmp_path, said)
    with pytest.raises(TargetError) as caught:
        launcher.placed(shop, launcher.status(shop, "a"))
    assert message in str(caught.value)
    assert str(shop.file) in str(caught.value)
