"""Paths that are symbolic links, and where they lead to, as this host tells it."""

from __future__ import annotations

import pathlib

import pytest

from gate.kinds.load import load_contract
from gate.kinds.look import look
from gate.kinds.path import KIND
from gate.kinds.scene import scene_of
from gate.target import Target

ITEM = """
[path.current]
title = "The release at work is named by a link"
source = "a self-test"
path = "{path}"
purpose = "release"
{more}
"""


def broken(folder: pathlib.Path, path: str, more: str) -> tuple[str, ...]:
    """What a look says of a path below a folder."""
    contract = folder / "contract"
    contract.mkdir(exist_ok=True)
    (contract / "paths.toml").write_text(ITEM.format(path=path, more=more), "utf-8")
    promised = load_contract(contract)
    here = Target(name="here", title="Here", host="local://", prefix=str(folder / "by"))
    scene = scene_of(promised, here, look(promised, here, "predeploy"))
    return KIND.compare(promised.promise("path.current"), scene).broken


@pytest.fixture
def shop(tmp_path: pathlib.Path) -> pathlib.Path:
    """Two releases and a link to one, below a folder that is reached by a link itself."""
    for release in ("1.0", "1.1"):
        (tmp_path / "real/srv" / release).mkdir(parents=True)
    (tmp_path / "by").symlink_to("real")
    (tmp_path / "real/srv/current").symlink_to("1.0")
    (tmp_path / "real/srv/again").symlink_to("current")
    (tmp_path / "real/srv/loose").symlink_to("nowhere")
    return tmp_path


LINK = 'type = "symbolic link"'


@pytest.mark.parametrize(
    ("path", "more", "says"),
    [
        pytest.param("/srv/current", LINK, "", id="link"),
        pytest.param("/srv/./again/", LINK, "", id="link-to-a-link"),
        pytest.param("/srv/1.0", LINK, "it is no symbolic link", id="folder"),
        pytest.param("/srv/loose", LINK, "there is no", id="leads-nowhere"),
        pytest.param("/srv/current", 'leads_to = "/srv/1.0"', "", id="leads-there"),
        pytest.param("/srv/again", LINK + '\nleads_to = "/srv/1.0"', "", id="leads-there-in-two"),
        pytest.param("/srv/current", 'leads_to = "/srv/1.1"', "it leads to ", id="leads-elsewhere"),
        pytest.param("/srv/current", 'leads_to = "/srv/2"', "it leads to ", id="not-to-nothing"),
        pytest.param("/srv/1.0", 'leads_to = "/srv/current"', "", id="one-and-the-same"),
    ],
)
def test_a_link_is_told_from_what_it_leads_to(
    shop: pathlib.Path, path: str, more: str, says: str
) -> None:
    """A link is one by itself, and its end is compared with that of another path."""
    found = broken(shop, path, more)
    assert [one for one in found if not one.startswith(says)] == []
    assert bool(found) is bool(says)
