"""The pytest plugin, thin: options here; what looks and accounts is loaded where it is asked for.

This module is what every pytest of an environment loads, also where nobody thinks of a deployment:
it imports nothing but pytest, and without a contract it does nothing.
"""

from __future__ import annotations

import difflib
import importlib
import pathlib
import re
from collections.abc import Generator

import pytest

MOMENT_NAMES = ("predeploy", "postdeploy", "rollback")
MODULES = (
    "redaction",  # first: a mistake in an option is told without secrets, too
    "options",
    "collection",
    "signals",
    "scheduler",
    "ledger",
    "reporting",
    "promised_items",
    "fixtures",
)
"""What is loaded for a run that looks at a target, in this order."""

INI = {
    "gate_target": "the target that is looked at where no other is named",
    "gate_targets": "folder of the named targets (default: targets)",
    "gate_contract": "folder of the promises (default: contract)",
    "gate_reports": "folder for the reports (default: reports)",
    "gate_silent_in": "folders of tests whose runs alone look at no target",
}
OPTIONS: dict[str, tuple[str, str]] = {
    "target": (
        "NAME-or-PATH",
        (
            "what to look at: a file of the targets' folder by its name, or the path of a .toml "
            "file (default: gate_target of the configuration; in CI a target must be named)"
        ),
    ),
    "contract": ("DIR", "folder of the promises, one .toml file per chapter"),
    "replay": ("FILE", "judge a kept observed.json again, without touching the target"),
    "baseline": (
        "FILE",
        (
            "observed.json from before the deployment, to compare with (default: the one that "
            "predeploy kept for this target)"
        ),
    ),
    "reports": ("DIR", "folder for the reports"),
    "release": (
        "COMMIT",
        (
            "what is released, for the evidence: a commit or tag, a full hash, or tree:HASH "
            "(default: what CI's variables say, else git's HEAD)"
        ),
    ),
}
FLAGS = {
    "apply": "on a real target: carry out the deploy or rollback plan, and send the requests that "
    "write (a target that the gate starts itself needs none)",
    "rollback-on-failure": "when a step of the deploy plan fails, carry out the rollback plan",
    "advise": "tell everything and block nothing: exit status 0, and nothing is promoted",
    "accept-loss": "roll back although more rows are lost than the contract allows (may_lose)",
    "html": "make allure.html in the target's folder of reports, one page of its newest deployment "
    "(needs Node)",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare ``--gate-name=VALUE``; short names come when all plugins are known."""
    group = parser.getgroup("gate", "deployment gate")
    for name, (metavar, text) in OPTIONS.items():
        group.addoption(f"--gate-{name}", metavar=metavar, dest=dest(name), default="", help=text)
    for name, text in FLAGS.items():
        group.addoption(f"--gate-{name}", action="store_true", dest=dest(name), help=text)
    for key, text in INI.items():
        parser.addini(key, text, default="")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> Generator[None, None, None]:
    """Give the options their short names too, but for those that another plugin has taken."""
    yield
    add_short_names(parser)


def add_short_names(parser: pytest.Parser) -> None:
    """Add ``--target`` and the like, as far as nobody has them."""
    groups = [parser._anonymous, *parser._groups]  # noqa: SLF001 - the one way to know
    taken = {name for group in groups for option in group.options for name in option.names()}
    group = parser.getgroup("gate")
    for name, (metavar, _) in OPTIONS.items():
        if f"--{name}" not in taken:
            text = f"short for --gate-{name}"
            group.addoption(f"--{name}", metavar=metavar, dest=dest(name), default="", help=text)
    for name in FLAGS:
        if f"--{name}" not in taken:
            text = f"short for --gate-{name}"
            group.addoption(f"--{name}", action="store_true", dest=dest(name), help=text)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Load the rest where this run is about a deployment."""
    looks = is_gate_run(config)
    if looks:
        spare_engine(config)
    for name in MODULES if looks else ("inactive",):
        # not import_plugin: that warns of each module that another one has imported before
        whole = f"gate.plugin.{name}"
        config.pluginmanager.register(importlib.import_module(whole), whole)
    if looks:
        from gate.plugin.last_word import refuse_switches  # noqa: PLC0415 - only for such a run

        refuse_switches(config)


def spare_engine(config: pytest.Config) -> None:
    """Have the engine imported as Python does it, not read, hashed and searched for assertions.

    pytest does so with every module of a package that brings a plugin; this one asserts nothing.
    """
    hook = getattr(config.pluginmanager, "rewrite_hook", None)
    marked = getattr(hook, "_must_rewrite", None)
    if isinstance(marked, set) and "gate" in marked:
        marked -= {"gate"}
        config.pluginmanager.rewrite_hook.mark_rewrite()  # forgets what it has concluded


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(
    config: pytest.Config,
) -> Generator[None, int | pytest.ExitCode | None, int | pytest.ExitCode | None]:
    """Have the last word about the exit status of a run that looks at a target."""
    status = yield
    if not is_gate_run(config):
        return status
    from gate.plugin.last_word import last_word  # noqa: PLC0415 - only for such a run

    return last_word(config, int(status or 0))


def is_gate_run(config: pytest.Config) -> bool:
    """Whether this run looks at a target.

    It does where an option of the gate is given, where ``-m`` names a moment (or nearly does) and
    there is a contract, and where the project says ``gate_contract`` and ``gate_target`` and ``-m``
    names nothing else. Not when it only runs tests in the folders of ``gate_silent_in``.
    """
    option = config.option
    if option.help or getattr(option, "version", 0) or option.showfixtures:
        return False
    if _is_silent(config):
        return False
    if any(getattr(option, dest(name)) for name in (*OPTIONS, *FLAGS)):
        return True
    words = re.findall(r"\w+", option.markexpr)
    if any(difflib.get_close_matches(word, MOMENT_NAMES, 1, 0.8) for word in words):
        return bool(config.getini("gate_contract")) or _contract(config).is_dir()
    return bool(config.getini("gate_contract") and config.getini("gate_target"))


def _is_silent(config: pytest.Config) -> bool:
    """Whether everything that is asked for lies in the folders of tests that need no target."""
    folders = [config.rootpath / one for one in str(config.getini("gate_silent_in")).split()]
    invoked = pathlib.Path(config.invocation_params.dir)
    paths = [(invoked / arg.split("::")[0]).resolve() for arg in config.args]
    return bool(paths) and all(
        any(path.is_relative_to(folder) for folder in folders) for path in paths
    )


def _contract(config: pytest.Config) -> pathlib.Path:
    return config.rootpath / (str(config.getini("gate_contract")) or "contract")


def dest(name: str) -> str:
    """Under which name an option's value is kept."""
    return f"gate_{name.replace('-', '_')}"
