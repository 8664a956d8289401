"""Where contract, targets and reports are, as the project's own configuration says.

The keys are pytest's ini keys, so that one file serves ``pytest -m`` and ``gate check`` alike.
"""

from __future__ import annotations

import configparser
import dataclasses
import functools
import os
import pathlib
import sys
from collections.abc import Callable, Mapping

from gate.errors import TargetError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The project's places.

    Attributes:
        root: pytest's rootdir; the folder of the configuration.
        contract: Folder of the promises.
        targets: Folder of the named targets.
        reports: Folder for the reports.
        target: Name of the default target; empty where none is configured and not exactly one
            is there.
        configured: Whether the project says where its contract is.
        silent_in: Folders of tests whose runs alone look at no target.
    """

    root: pathlib.Path
    contract: pathlib.Path
    targets: pathlib.Path
    reports: pathlib.Path
    target: str
    configured: bool
    silent_in: tuple[pathlib.Path, ...] = ()


def settings_of(root: pathlib.Path, value: Callable[[str], str]) -> Settings:
    """Read the settings of a project.

    Args:
        root: Its root folder.
        value: Value of an ini key; empty where it is not set.
    """

    def place(key: str, default: str) -> pathlib.Path:
        return root / (value(key) or default)

    targets = place("gate_targets", "targets")
    named = sorted(file.stem for file in targets.glob("*.toml"))
    return Settings(
        root=root,
        contract=place("gate_contract", "contract"),
        targets=targets,
        reports=place("gate_reports", "reports"),
        target=value("gate_target") or (named[0] if len(named) == 1 else ""),
        configured=bool(value("gate_contract")),
        silent_in=tuple(root / one for one in value("gate_silent_in").split()),
    )


def target_files(settings: Settings, named: str = "") -> list[pathlib.Path]:
    """The files of the project's targets, and the one that is named by its path."""
    files = sorted(settings.targets.glob("*.toml"))
    return [*files, pathlib.Path(named)] if named.endswith(".toml") else files


def find_settings(start: pathlib.Path) -> Settings:
    """Find the configuration that pytest would find from a folder: upwards, the first that is one.

    Raises:
        TargetError: A configuration file that cannot be read.
    """
    for folder in (start, *start.parents):
        for read in (_pyproject, _ini):
            found = read(folder)
            if found is not None:
                return settings_of(folder, functools.partial(_value, found))
    return settings_of(start, lambda _: "")


def _value(values: Mapping[str, str], key: str) -> str:
    return values.get(key, "")


def _pyproject(folder: pathlib.Path) -> Mapping[str, str] | None:
    file = folder / "pyproject.toml"
    if not file.is_file():
        return None
    try:
        tool = tomllib.loads(file.read_text("utf-8")).get("tool", {})
    except (OSError, ValueError) as error:
        raise TargetError(f"{file}: cannot be read: {error}") from error
    table = tool.get("pytest", {})
    table = {**table, **table.get("ini_options", {})} if isinstance(table, dict) else {}
    return {key: _text(value) for key, value in table.items()} if table else None


def _ini(folder: pathlib.Path) -> Mapping[str, str] | None:
    for name, section in (
        ("pytest.ini", "pytest"),
        ("tox.ini", "pytest"),
        ("setup.cfg", "tool:pytest"),
    ):
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read(os.fspath(folder / name), "utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            raise TargetError(f"{folder / name}: cannot be read: {error}") from error
        if parser.has_section(section):
            return dict(parser.items(section))
    return None


def _text(value: object) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)
