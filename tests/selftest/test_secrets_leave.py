"""Whole runs against an API that echoes every secret in every form: none of them leaves."""

from __future__ import annotations

import pathlib
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.selftest import echo_server, runs

TARGET = """
title = "A talkative API"
host = "local://"
[api]
base = "{base}"
roles.agent = {{ user_env = "TALK_USER", password_env = "TALK_WORD" }}
[database]
service = "atum_no_such_service"
[deadlines]
window_s = 0.05
"""
CONTRACT = """
[endpoint.login]
title = "The agent can log in"
source = "a self-test"
method = "POST"
path = "/login"
as_role = "agent"
form = {{ username = "{{user}}", password = "{{password}}" }}
body.required = ["access_token"]

[endpoint.me]
title = "{title}"
source = "a self-test"
path = "/me"
role = "agent"
body.required = ["id"]
body.properties.forms.const = 1

[endpoint.text]
title = "The agent reads a text"
source = "a self-test"
path = "/me/text"
role = "agent"
content_type = "text/plain"
text = ["all is well"]
"""
CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
SGR = re.compile(r"\x1b\[[0-9;]*m")
FORGED = "\\r\\nverdict: PROMOTE (exit 0): forged\\u001b[2K\\u202e"

CHANNELS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "captured": (
        *("-vv", "-l", "-rA", "--tb=long", "-o", "junit_logging=all"),
        *("--junitxml={folder}/own.xml", "--alluredir={folder}/own-allure"),
    ),
    "uncaptured": (
        *("-s", "-vv", "--showlocals", "--full-trace", "-o", "log_cli=true"),
        *("--log-file={folder}/own.log", "--log-level=DEBUG", "--debug={folder}/own-trace.log"),
    ),
    "native": ("-vv", "--tb=native", "-p", "no:logging"),
    "workers": ("-n", "2", "-vv", "-l", "--junitxml={folder}/own.xml"),
}
"""Every option that tells more, together where they go together: each run costs seconds."""
NOISE = """
import logging, os, sys, warnings
import pytest

@pytest.fixture(autouse=True)
def noise(request):
    scene = request.getfixturevalue("gate_scene")
    said = str(scene.observed.api)
    print("printed", said)
    print("error output", said, file=sys.stderr)
    logging.getLogger("noise").warning("logged %s", said)
    warnings.warn("warned " + said)
    request.node.user_properties.append(("noise", said))
    request.node.add_report_section("call", "noise", said)
    yield

def pytest_configure(config):
    config.addinivalue_line("filterwarnings", "default")
"""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """The talkative API."""
    with echo_server.serving() as found:
        yield found


def run(
    folder: pathlib.Path, base: str, *options: str, title: str = "It is the agent", **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the gate against the API."""
    (folder / "contract").mkdir(exist_ok=True)
    (folder / "here.toml").write_text(TARGET.format(base=base), "utf-8")
    (folder / "contract" / "endpoints.toml").write_text(CONTRACT.format(title=title), "utf-8")
    (folder / "noise_of_a_test.py").write_text(NOISE, "utf-8")
    words = runs.command(folder, "predeploy", *(one.format(folder=folder) for one in options))
    return runs.run(
        words,
        TALK_USER="agent@talk.example",
        TALK_WORD=echo_server.PASSWORD,
        APP_DSN_PASSWORD=echo_server.DSN_PASSWORD,
        PYTHONPATH=f"{folder}:{runs.ROOT}",
        **more,
    )


def told(folder: pathlib.Path, done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Everything that left: both streams, and every file but those that the test itself wrote."""
    own = {folder / "here.toml", folder / "noise_of_a_test.py", *(folder / "contract").iterdir()}
    files = [
        one
        for one in folder.rglob("*")
        if one.is_file() and not one.is_symlink() and one not in own and one.suffix != ".pyc"
    ]
    found = {str(one.relative_to(folder)): one.read_text("utf-8", "replace") for one in files}
    return {"standard output": done.stdout, "standard error": done.stderr, **found}


def leaks(everything: dict[str, str]) -> list[str]:
    """Where which secret is told in which form."""
    return [
        f"{place}: {name}"
        for place, text in everything.items()
        for name, needle in echo_server.needles().items()
        if needle in text
    ]


@pytest.mark.parametrize("channel", CHANNELS)
def test_no_secret_leaves(channel: str, base: str, tmp_path: pathlib.Path) -> None:
    """Nor does a control character, a turned line, or a line that reads like a verdict."""
    options = (*CHANNELS[channel], "-p", "noise_of_a_test")
    done = run(tmp_path, base, *options, title=f"It is the agent{FORGED}")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "endpoint.me" in done.stdout
    everything = told(tmp_path, done)
    assert len(everything) > 8
    assert leaks(everything) == []
    assert "sentinel-" not in done.stdout + done.stderr
    for place, text in everything.items():
        plain = SGR.sub("", text) if place.startswith("standard") else text
        assert CONTROL.search(plain) is None, place
    verdicts = [one for one in done.stdout.splitlines() if one.startswith("verdict:")]
    assert len(verdicts) == 1
    assert "BLOCKED" in verdicts[0]


@pytest.mark.parametrize(
    ("told", "options"),
    [
        ("print(word)", ("-s",)),
        ("print(word[:9], end=''); print(word[9:])", ("-s",)),
        ("open(os.environ['LEAK'], 'w').write(word)", ("--junitxml={folder}/leak",)),
    ],
    ids=["printed", "in-pieces", "written"],
)
def test_a_told_sentinel_fails_the_run(
    told: str, options: tuple[str, ...], base: str, tmp_path: pathlib.Path
) -> None:
    """Something tells the planted secret by a way of its own: the run says where, and fails."""
    (tmp_path / "leaky_of_a_test.py").write_text(
        "import os\n"
        "def pytest_unconfigure(): pass\n"
        "def pytest_sessionfinish():\n"
        "    word = os.environ['ATUM_GATE_SENTINEL_TOKEN']\n"
        f"    {told}\n",
        "utf-8",
    )
    done = run(tmp_path, base, "-p", "leaky_of_a_test", *options, LEAK=str(tmp_path / "leak"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "SECRET: the planted sentinel was told on" in done.stdout


BREAKING = """
import os, signal, time

def {hook}:
    word, dsn = os.environ["TALK_WORD"], os.environ["APP_DSN_PASSWORD"]
    told = [word, repr(word), dsn, "x" * 30 + word]
    {act}
"""


@pytest.mark.parametrize(
    ("plugin", "status", "says"),
    [
        (("pytest_collection_modifyitems()", "raise RuntimeError(word + dsn)"), 3, "INTERNALERROR"),
        (("pytest_runtest_logreport()", "raise RuntimeError(word + dsn)"), 3, "INTERNALERROR"),
        (
            ("pytest_runtest_setup()", "os.kill(os.getpid(), signal.SIGINT); time.sleep(9)"),
            2,
            "!!!",
        ),
    ],
    ids=["collecting", "telling", "interrupted"],
)
def test_what_breaks_tells_no_secret(
    plugin: tuple[str, str], status: int, says: str, base: str, tmp_path: pathlib.Path
) -> None:
    """A plugin's mistake, and Ctrl-C: their tracebacks show the variables of every function."""
    hook, act = plugin
    text = BREAKING.format(hook=hook, act=act)
    (tmp_path / "breaking_of_a_test.py").write_text(text, "utf-8")
    done = run(tmp_path, base, "-p", "breaking_of_a_test", "--showlocals", "--full-trace")
    assert done.returncode == status, done.stdout + done.stderr
    assert says in done.stdout + done.stderr
    everything = told(tmp_path, done)
    del everything["breaking_of_a_test.py"]
    assert leaks(everything) == []
    assert "sentinel-" not in done.stdout + done.stderr
