"""Secrets in what hosts, logs, checks and roles say, in every form, through a whole run."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
from collections.abc import Iterator

import pytest

from tests.selftest import echo_server, runs
from tests.selftest.test_secrets_leave import leaks, run, told

CHECKS = """
[check.{name}]
title = "It says nothing odd"
source = "a self-test"
reads = "prints a file"
command = ["sh", "-c", "{command}"]
{rest}
"""
WAYS = {
    "out": ("cat {says}", 'matches_not = ["."]'),
    "err": ("cat {says} >&2; exit 3", ""),
    "like": ("cat {says}", 'matches = ["^nothing like it$"]'),
    "number": ("head -n 1 {says}", "number = { at_most = 7 }"),
    "json": ("cat {document}", 'json = { type = "array", maxItems = 1 }'),
    "values": ("cat {document}", 'json = { type = "array", items = { const = 1 } }'),
}
LOGS = """
[log.app]
title = "The log says nothing odd"
source = "a self-test"
file = "{log}"
since = 3600
never = ["errors", "sid="]
"""
RUNTIMES = """
[runtime.odd]
title = "It says its version"
source = "a self-test"
label = "Odd"
command = ["sh", "-c", "cat {says}"]
version = "1"
"""
ACCESS = """
[access.notes]
title = "Notes"
source = "a self-test"
path = "/notes"
hides = [{ at = "/results/*/visibility", value = "internal" }]
roles = { agent = "sees", nobody = "denied" }
"""
BUDGETS = """
[budget.me]
title = "It is quick"
source = "a self-test"
endpoint = "me"
limit_s = 5
samples = 3
"""
SECRETS = (echo_server.PASSWORD, echo_server.DSN_PASSWORD)


@pytest.fixture
def base() -> Iterator[str]:
    """The talkative API."""
    with echo_server.serving() as found:
        yield found


def lay_out(folder: pathlib.Path, elsewhere: pathlib.Path) -> None:
    """The chapters beside the endpoints, and what the host says: every secret in every form."""
    forms = [text for one in SECRETS for text in echo_server.written(one).values()]
    lines = [f"ERROR {text} sid={text}\n" for text in forms]
    says, document, log = (elsewhere / one for one in ("says", "says.json", "app.log"))
    says.write_text("".join(lines), "utf-8")
    document.write_text(json.dumps([forms, dict.fromkeys(forms, 2)]), "utf-8")
    now = dt.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S,000")
    log.write_text("".join(f"{now} [ERROR] x: {one}" for one in lines), "utf-8")
    words = {"says": says, "document": document, "log": log}
    checks = [
        CHECKS.format(name=name, command=command.format(**words), rest=rest)
        for name, (command, rest) in WAYS.items()
    ]
    texts = {
        "checks": "".join(checks),
        "logs": LOGS.format(**words),
        "runtimes": RUNTIMES.format(**words),
        "access": ACCESS,
        "budgets": BUDGETS,
    }
    (folder / "contract").mkdir()
    for chapter, text in texts.items():
        (folder / "contract" / f"{chapter}.toml").write_text(text, "utf-8")


@pytest.mark.parametrize("options", [("-vv", "-rA", "-l"), ("-n", "2")], ids=["told", "workers"])
def test_what_a_host_says_is_clean(
    base: str, tmp_path: pathlib.Path, tmp_path_factory: pytest.TempPathFactory, options: tuple[str]
) -> None:
    """Output, errors, JSON and lines of logs that are quoted; roles and samples beside them."""
    lay_out(tmp_path, tmp_path_factory.mktemp("elsewhere"))
    done = run(tmp_path, base, *options)
    assert done.returncode == 1, done.stdout + done.stderr
    items = {one["id"]: one for one in runs.verdict(tmp_path, "predeploy")["items"]}
    for name in WAYS:
        assert items[f"check.{name}"]["outcome"] in ("FAIL", "INCONCLUSIVE"), name
    quoted = [id_ for id_, one in items.items() if "[redacted]" in json.dumps(one)]
    assert {"check.out", "check.err", "log.app"} <= {*quoted}, items
    everything = told(tmp_path, done)
    assert leaks(everything) == []
    assert "sentinel-" not in done.stdout + done.stderr
    assert [one for one in done.stdout.splitlines() if "SECRET" in one] == []
