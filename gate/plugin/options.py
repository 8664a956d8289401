"""The run that pytest's options describe."""

from __future__ import annotations

import gc
import pathlib

import pytest

from gate.contract.item import Moment
from gate.errors import GateError
from gate.plugin import nodes
from gate.plugin.selection import compiled, selected
from gate.run.options import Asked, Run, run_of
from gate.run.settings import Settings, settings_of
from gate.secrets import known

RUN = pytest.StashKey[Run]()

MOMENT_WORDS: dict[Moment, str] = {
    "predeploy": "the state before the deployment",
    "postdeploy": "the state after the deployment",
    "rollback": "the state that a rollback restores",
}


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Load contract and target before anything else; a mistake ends the run with status 4."""
    for moment, words in MOMENT_WORDS.items():
        config.addinivalue_line("markers", f"{moment}: {words}")
    config.addinivalue_line(
        "markers", "promises(kind): the kinds of items that the test accounts for"
    )
    # One look is read and kept whole: collecting its objects again and again only costs time.
    gc.set_threshold(100_000, 50, 50)
    config.add_cleanup(gc.freeze)
    try:
        config.stash[RUN] = run_of(_asked(config))
    except GateError as error:
        raise pytest.UsageError(known.tell(str(error))) from None
    nodes.begin(nodes.moments_of(config.option.markexpr))
    _collect_promises(config, pathlib.Path(config.stash[RUN].contract.folder).resolve())
    gc.freeze()  # modules, contract and a replayed look stay to the end


def _asked(config: pytest.Config) -> Asked:
    """The options, with the moments that ``-m`` selects.

    Raises:
        GateError: ``-m`` or ``-k`` says something that cannot be meant.
    """
    option = config.option
    compiled("-k", option.keyword)
    if option.gate_replay and not option.markexpr:
        from gate.sources.observation_file import read_observed  # noqa: PLC0415 - only for a replay

        option.markexpr = read_observed(pathlib.Path(option.gate_replay)).moment
    return Asked(
        settings=_settings(config),
        moments=selected(option.markexpr, config.getini("markers")),
        target=option.gate_target,
        contract=option.gate_contract,
        reports=option.gate_reports,
        apply=option.gate_apply,
        rollback_on_failure=option.gate_rollback_on_failure,
        accept_loss=option.gate_accept_loss,
        html=option.gate_html,
        replay=option.gate_replay,
        baseline=option.gate_baseline,
        release=option.gate_release,
        advise=option.gate_advise,
        writes_reports=not option.collectonly,
    )


def _settings(config: pytest.Config) -> Settings:
    return settings_of(config.rootpath, lambda key: str(config.getini(key)))


def _collect_promises(config: pytest.Config, folder: pathlib.Path) -> None:
    """Have the contract's own files collected, too, where nobody said what to collect.

    Last, when the kinds that Python tests account for are known.
    """
    if config.args_source is pytest.Config.ArgsSource.ARGS or str(folder) in config.args:
        return
    invoked = pathlib.Path(config.invocation_params.dir)
    inside = any(folder.is_relative_to((invoked / arg).resolve()) for arg in config.args)
    if not inside:
        config.args.append(str(folder))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the target and the contract before any verdict about them."""
    run = config.stash.get(RUN, None)
    if run is None:
        return []
    what = f"gate target: {run.target.name} ({run.target.title})"
    if run.replay is not None:
        what += f", replayed from {config.option.gate_replay}: NOTHING IS LOOKED AT"
    elif run.target.embedded:
        what += " - THE EMBEDDED SANDBOX, NOT A HOST; name a host with --target"
    lines = [what, f"gate contract: {run.contract.folder}, {len(run.contract.promises)} items"]
    if run.applies and not run.target.embedded and run.replay is None:
        lines.append("gate plan: --apply: the plan of this moment WILL BE CARRIED OUT")
    return lines
