"""What a look at an API needs is checked before anything is asked: one line, and exit status 4."""

from __future__ import annotations

import argparse
import pathlib

import pytest

from gate.commands.lint import run as lint
from gate.errors import TargetError
from gate.run.options import Asked, run_of
from gate.run.settings import Settings
from gate.target import load_target
from tests.selftest.authority import Authority
from tests.selftest.runs import command, run

HEAD = 'title = "T"\nhost = "local://"\n[deadlines]\nwindow_s = 0.01\n[api]\n'
ITEM = '[endpoint.{}]\ntitle = "t"\nsource = "s"\npath = "/"\n'
ROLES = (
    '[api.roles.a]\nuser_env = "NOBODY_SETS_U"\npassword_env = "NOBODY_SETS_P"\nbasic = true\n'
    '[api.roles.b]\nvalue_env = "NOBODY_SETS_V"\nheader = "X-Key"\n'
)


def refused(folder: pathlib.Path, target: str, contract: str) -> str:
    """What is said of a target and a contract before the look."""
    (folder / "here.toml").write_text(HEAD + target, "utf-8")
    (folder / "contract").mkdir()
    (folder / "contract" / "endpoints.toml").write_text(contract, "utf-8")
    settings = Settings(
        root=folder,
        contract=folder / "contract",
        target="",
        targets=folder,
        reports=folder / "r",
        configured=True,
    )
    asked = Asked(
        settings=settings,
        moments=("predeploy",),
        target=str(folder / "here.toml"),
        writes_reports=False,
    )
    with pytest.raises(TargetError) as caught:
        run_of(asked)
    return str(caught.value)


def test_files_of_a_base(tmp_path: pathlib.Path) -> None:
    """A file that is not there, that is none, that holds no certificate, a key of another one."""
    authority = Authority(tmp_path)
    authority.issue("one", ["a"])
    authority.issue("two", ["b"])
    authority.issue("locked", ["c"], password=b"hunter2")
    (tmp_path / "none.pem").write_text("no certificate\n")
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n")
    cases = {
        "gone": ('ca_file = "gone.pem"', "ca_file: ", "gone.pem cannot be read: No such file"),
        "none": ('ca_file = "none.pem"', "ca_file: ", "none.pem is no PEM file"),
        "broken": ('ca_file = "broken.pem"', "ca_file: ", "broken.pem holds no certificate"),
        "folder": ('ca_file = "."', "ca_file: ", "cannot be read: Is a directory"),
        "other": (
            'client_certificate = "one.pem"\nclient_key = "two.key"',
            *("client_key: ", "no certificate and key that belong together: key values mismatch"),
        ),
        "keyless": ('client_certificate = "one.pem"', "client_certificate: ", "no certificate and"),
        "locked": (
            'client_certificate = "locked.pem"\nclient_key = "locked.key"',
            *("client_key: ", "no certificate and key that belong together"),
        ),
        "unset": (
            'client_certificate_env = "NOBODY_SETS_C"',
            *("client_certificate_env: ", "the environment variable NOBODY_SETS_C is not set"),
        ),
    }
    bases = "".join(
        f'[api.bases.{name}]\nbase = "https://shop.example"\n{keys}\n'
        for name, (keys, _, _) in cases.items()
    )
    items = "".join(ITEM.format(name) + f'base = "{name}"\n' for name in cases)
    lines = refused(tmp_path, 'base = "http://a"\n' + bases, items).splitlines()
    assert len(lines) == len(cases)
    for name, (_, key, why) in cases.items():
        line = next(one for one in lines if f"api.bases.{name}." in one)
        assert line.startswith(f"{tmp_path / 'here.toml'}: api.bases.{name}.{key}"), line
        assert why in line


def test_variables_and_names(tmp_path: pathlib.Path) -> None:
    """Variables that are not set, and a base that the target does not know, with those it does."""
    items = (
        ITEM.format("odd") + 'base = "frnt"\n' + ITEM.format("a") + 'role = "a"\n'
        + ITEM.format("b") + 'role = "b"\n' + ITEM.format("c") + 'token = { at = "/a" }\n'
    )  # fmt: skip
    bases = '[api.bases.front]\nbase = "http://b"\n'
    text = f'base = "http://a"\ntoken_key_env = "NOBODY_SETS_K"\n{bases}{ROLES}'
    said = refused(tmp_path, text, items)
    here = tmp_path / "here.toml"
    assert (
        f"{tmp_path / 'contract' / 'endpoints.toml'}: [endpoint.odd]: base: {here}: there is no "
        f"[api.bases.frnt]; known: front"
    ) in said
    for key in ("roles.a.user_env", "roles.a.password_env", "roles.b.value_env", "token_key_env"):
        assert f"{here}: api.{key}: the environment variable NOBODY_SETS_" in said
    assert len(said.splitlines()) == 5


def test_no_base_of_its_own(tmp_path: pathlib.Path) -> None:
    """A target of named bases alone has none for an item that names none."""
    said = refused(tmp_path, '[api.bases.front]\nbase = "http://b"\n', ITEM.format("a"))
    assert "names no base of its own; known by name: front" in said


def test_http_2_without_its_package(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing, and how it is installed."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    file = tmp_path / "here.toml"
    file.write_text(HEAD + 'base = "https://a"\nhttp2 = true\n', "utf-8")
    with pytest.raises(TargetError) as caught:
        load_target(str(file), tmp_path)
    assert f"{file}: api.http2: needs a package that is not installed" in str(caught.value)


def test_exit_status_and_lint(tmp_path: pathlib.Path) -> None:
    """The run ends with 4 before anything is looked at or written; lint says the same."""
    (tmp_path / "here.toml").write_text(
        HEAD + 'base = "https://a"\nca_file = "gone.pem"\n', "utf-8"
    )
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract" / "endpoints.toml").write_text(
        ITEM.format("a") + ITEM.format("b") + 'base = "b"\n', "utf-8"
    )
    done = run(command(tmp_path, "predeploy"))
    assert done.returncode == 4
    assert "api.ca_file: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "reports").exists()
    told: list[str] = []
    options = argparse.Namespace(
        target=str(tmp_path / "here.toml"), contract=str(tmp_path / "contract"), strict=False
    )
    assert lint(options, told.append) == 4
    assert any("here.toml:7: [api] ca_file: " in one for one in told), told
    assert any("endpoints.toml" in one and "[endpoint.b] base: " in one for one in told), told
