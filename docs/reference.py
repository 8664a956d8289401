"""The reference's pages, from the models' own docstrings: a hook of mkdocs.

Nothing here knows a kind, a key or an option by name; what is told stands where it is used.
"""

from __future__ import annotations

import argparse
import enum
import importlib
import inspect
import json
import pkgutil
import types
import typing
from collections.abc import Iterator
from typing import Any

import pydantic
from _pytest.fixtures import FixtureFunctionDefinition
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from gate import commands, plugin
from gate.account.verdict import EXIT_STATUS, Outcome, Word
from gate.contract.item import Item
from gate.contract.load import About
from gate.contract.model import MOMENTS, SIDE, Contract
from gate.docstring import attributes, summary
from gate.kinds.registry import kinds
from gate.launcher import Instance
from gate.target import Target

NONE = "-"
VERDICTS = {
    Word.PROMOTE: "every item is accounted for, none failed: go live",
    Word.BLOCKED: "at least one promise is broken; each is named with what was promised, what was "
    "seen, and how to look oneself",
    Word.INTERRUPTED: "the run was ended before it was through: Ctrl-C, SIGTERM, SIGHUP",
    Word.INCONCLUSIVE: "nothing is broken, but something could not be told: look again",
    Word.PARTIAL: "nothing is broken, but not every item was run (a `-k`, a single file)",
    Word.REPLAYED: "nothing is broken in a kept look that was judged again; nothing was looked at, "
    "so nothing is promoted",
}
OTHERS = {
    3: "pytest's own: an internal error",
    4: "a mistake in an option, the target or the contract; nothing was looked at",
    5: "pytest's own: nothing was collected",
    6: "pytest's own: too many warnings",
}
OUTCOMES = {
    Outcome.PASS: "the promise holds, and it was seen to hold",
    Outcome.WARN: "it holds, and something about it is odd: a unit that failed since the look "
    "before, a unit file that systemd accepts in part only or that changed since `daemon-reload`, "
    "a strong lock without `lock_timeout`",
    Outcome.FAIL: "it was looked at, and it does not hold",
    Outcome.INCONCLUSIVE: "it could not be looked at (unreachable, no permission, timeout, tool "
    "missing), or was not run",
    Outcome.WAIVED: "it does not hold, and a waiver with owner, reason and expiry tolerates that; "
    "unused or expired, the waiver itself fails",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put the pages among those that are written by hand."""
    for name, text in pages().items():
        files.append(File.generated(config, name, content=text))
    return files


def pages() -> dict[str, str]:
    """Every generated page: Markdown by its path below ``docs``."""
    return {
        "reference/contract.md": _contract(),
        "reference/target.md": _target(),
        "reference/commands.md": _commands(),
        "reference/verdict.md": _verdict(),
    }


def _contract() -> str:
    lines = [
        "# The contract",
        "",
        "One TOML file per chapter; an item is a table `[kind.name]`, and `kind.name` is its id.",
        "",
        "## Every item",
        "",
        "`before` and `after` hold keys that differ between the moments, or the word `absent`;",
        "what is said beside them must hold at every moment.",
        "",
        *_table(Item),
    ]
    chapters: dict[str, list[str]] = {}
    for name, kind in kinds().items():
        chapters.setdefault(kind.chapter, []).append(name)
    for chapter, names in chapters.items():
        lines += ["", f"## {chapter}.toml"]
        for name in names:
            kind = kinds()[name]
            lines += ["", f"### `[{name}.…]`", "", _summary(kind.model), ""]
            lines += [f"Severity in Allure: {kind.severity}.", "", *_table(kind.model, Item)]
            lines += _nested(kind.model, name, {Item})
    hints = typing.get_type_hints(Contract)
    alembic = next(one for one in typing.get_args(hints["alembic"]) if one is not types.NoneType)
    lines += ["", "## Tables that are no items"]
    for name, model in (("about", About), ("alembic", alembic)):
        lines += ["", f"### `[{name}]`", "", _summary(model), "", *_table(model)]
        lines += _nested(model, name, set())
    return "\n".join(lines) + "\n"


def _target() -> str:
    rows = [one for one in _table(Target) if not one.startswith("| `file` |")]  # nobody writes it
    rows = [
        one.replace("| required |", "| the file's |") if one.startswith("| `name` |") else one
        for one in rows
    ]
    lines = ["# A target", "", _summary(Target), "", *rows]
    lines += _nested(Target, "", set())
    lines += ["", "## What a launcher's status prints", "", _summary(Instance), ""]
    lines += _table(Instance)
    return "\n".join(lines) + "\n"


def _commands() -> str:
    lines = ["# Commands, options, ini keys", "", "## Moments", ""]
    lines += ["| moment | looks at | expects |", "|---|---|---|"]
    words = importlib.import_module("gate.plugin.options").MOMENT_WORDS
    lines += [f"| `{one}` | {words[one]} | the contract's *{SIDE[one]}* |" for one in MOMENTS]
    lines += ["", "## Options", ""]
    lines += ["Of pytest, and without the prefix of `gate check`. The short name of pytest's "]
    lines += ["options is there where no other plugin has taken it. Write values with `=`.", ""]
    lines += ["| option | short | meaning |", "|---|---|---|"]
    options = {name: text for name, (_, text) in plugin.OPTIONS.items()}
    metavars = {name: f"={metavar}" for name, (metavar, _) in plugin.OPTIONS.items()}
    for name, text in {**options, **plugin.FLAGS}.items():
        value = metavars.get(name, "")
        lines.append(f"| `--gate-{name}{value}` | `--{name}` | {_cell(text)} |")
    lines += ["", "## Ini keys", ""]
    lines += ["Of `[tool.pytest]`; `gate check` reads the same ones. Paths are relative to the"]
    lines += ["configuration's folder.", "", "| key | meaning |", "|---|---|"]
    lines += [f"| `{key}` | {_cell(text)} |" for key, text in plugin.INI.items()]
    lines += ["", "## Fixtures", "", "For [tests of your own](../howto/own-tests.md).", ""]
    lines += ["| fixture | what it is |", "|---|---|"]
    lines += [f"| `{name}` | {_cell(text)} |" for name, text in sorted(_fixtures().items())]
    lines += ["", "## Commands"]
    for one in pkgutil.iter_modules(commands.__path__):
        module = importlib.import_module(f"gate.commands.{one.name}")
        parser = argparse.ArgumentParser(prog=f"gate {one.name}", add_help=False)
        module.add_arguments(parser)
        lines += ["", f"### `gate {one.name}`", "", f"{_sentence(module.HELP)}", ""]
        lines += ["```text", parser.format_help().strip(), "```"]
    return "\n".join(lines) + "\n"


def _fixtures() -> dict[str, str]:
    """What the plugin's fixtures yield, by their names."""
    found = {}
    for one in pkgutil.iter_modules(plugin.__path__):
        module = importlib.import_module(f"gate.plugin.{one.name}")
        for name, value in vars(module).items():
            if isinstance(value, FixtureFunctionDefinition) and name.startswith("gate_"):
                found[name] = (inspect.getdoc(value._get_wrapped_function()) or "").split("\n\n")[0]  # noqa: SLF001 - the one way
    return found


def _verdict() -> str:
    lines = ["# Verdict, outcomes, exit statuses", "", "| exit status | verdict | meaning |"]
    lines += ["|---|---|---|"]
    rows = [(EXIT_STATUS[word], word.value, VERDICTS[word]) for word in Word]
    rows += [(status, "", text) for status, text in OTHERS.items()]
    for status, word, text in sorted(rows, key=lambda one: one[0]):
        lines.append(f"| {status} | {word} | {text} |")
    lines += ["", "| outcome | an item ends so when |", "|---|---|"]
    lines += [f"| {one.value} | {OUTCOMES[one]} |" for one in Outcome]
    return "\n".join(lines) + "\n"


def _table(model: type[pydantic.BaseModel], *without: type[pydantic.BaseModel]) -> list[str]:
    """A row per key: its type, its default, and what its docstring says of it."""
    meanings = attributes(model)
    left_out = {name for one in without for name in one.model_fields}
    rows = []
    for name, field in model.model_fields.items():
        if name in left_out:
            continue
        key = field.alias or name
        default = "required" if field.is_required() else _default(field.default)
        meaning = _cell(meanings.get(name, meanings.get(key, "")))
        rows.append(f"| `{key}` | {_type(field.annotation, field)} | {default} | {meaning} |")
    return ["| key | type | default | meaning |", "|---|---|---|---|", *rows] if rows else []


def _nested(
    model: type[pydantic.BaseModel], path: str, told: set[type[pydantic.BaseModel]]
) -> Iterator[str]:
    """The tables inside of a table, each once."""
    for name, field in model.model_fields.items():
        for inner in _models(field.annotation):
            if inner in told or inner is Item:
                continue
            told.add(inner)
            key = f"{path}.{field.alias or name}".lstrip(".")
            yield from ["", f"#### `{key}`", "", _summary(inner), "", *_table(inner)]
            yield from _nested(inner, key, told)


def _models(annotation: Any) -> Iterator[type[pydantic.BaseModel]]:
    if inspect.isclass(annotation) and not typing.get_args(annotation):
        if issubclass(annotation, pydantic.BaseModel):
            yield annotation
        return
    for one in typing.get_args(annotation):
        yield from _models(one)


def _summary(model: type) -> str:
    """A docstring up to its sections."""
    return _marked(summary(model))


def _type(annotation: Any, field: Any = None) -> str:
    """A type in words."""
    limits = _limits(getattr(field, "metadata", ()))
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        text = _type(args[0]) + _limits(args[1:])
    elif origin is typing.Literal:
        text = " or ".join(f"`{json.dumps(one)}`" for one in args)
    elif origin in (typing.Union, types.UnionType):
        text = " or ".join(_type(one) for one in args if one is not types.NoneType)
    elif origin is list or (origin is tuple and args[-1:] == (Ellipsis,)):
        text = f"list of {_type(args[0])}"
    elif origin is tuple:
        text = "[" + ", ".join(_type(one) for one in args) + "]"
    elif origin is dict:
        text = f"table of {_type(args[1])}"
    else:
        name = getattr(annotation, "__name__", "")
        text = WORDS.get(name, "table" if _is_model(annotation) else "any")
    return text + limits


WORDS = {
    "str": "text",
    "int": "integer",
    "float": "number",
    "bool": "true or false",
    "date": "date",
}


def _is_model(annotation: Any) -> bool:
    return inspect.isclass(annotation) and issubclass(annotation, pydantic.BaseModel)


def _limits(metadata: Any) -> str:
    """What else is asked of a value."""
    signs = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
    said = []
    for one in metadata:
        for inner in getattr(one, "metadata", [one]):
            said += [
                f"{sign} {getattr(inner, name)}"
                for name, sign in signs.items()
                if hasattr(inner, name)
            ]
            pattern = getattr(inner, "pattern", None)
            said += [f"like {_code(pattern)}"] if pattern else []
            said += ["not empty"] if getattr(inner, "min_length", None) else []
    return f" ({', '.join(said)})" if said else ""


def _default(value: Any) -> str:
    if isinstance(value, pydantic.BaseModel):
        return NONE
    if value is None or value in ("", (), {}, []):
        return NONE
    if isinstance(value, enum.Enum):
        value = value.value
    return _code(json.dumps(value, ensure_ascii=False))


def _code(text: str) -> str:
    """A literal in a cell, whatever stands in it; within ticks a bar ends no cell."""
    ticks, pad = ("``", " ") if "`" in text else ("`", "")
    return f"{ticks}{pad}{' '.join(text.split())}{pad}{ticks}"


def _marked(text: str) -> str:
    """Docstrings' literals as Markdown's."""
    return text.replace("``", "`")


def _cell(text: str) -> str:
    return _marked(" ".join(text.split())).replace("|", "\\|")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
