"""Between two kept looks every difference is written as an item, or named as one that cannot be."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import tomli
import tomli_w

from gate.catalog.diff import diff
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.kinds.scene import Scene
from gate.recorder.between import differences
from gate.report import drift
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.observed import Observed
from gate.target import Target
from tests.selftest.report.test_state_diff import catalog_of, with_catalog, with_host
from tests.selftest.schemas import DRAFTS, complaint

CONTRACT = pathlib.Path(__file__).parent / "contract"
Look = Callable[[Moment], Observed]
Change = Callable[[Observed], Observed]


def _host(**changes: Callable[[Any], Any]) -> Change:
    """Facts of the host changed, each by a function of what they were."""

    def change(observed: Observed) -> Observed:
        assert isinstance(observed.host, Seen)
        host = observed.host.value
        return with_host(observed, **{key: of(getattr(host, key)) for key, of in changes.items()})

    return change


def _users(**changes: Any) -> Change:
    """The table ``users`` changed."""

    def change(observed: Observed) -> Observed:
        tables = catalog_of(observed).tables
        users = tables["users"].model_copy(update=changes)
        return with_catalog(observed, tables={**tables, "users": users})

    return change


def _index(**changes: Any) -> Change:
    """The index changed."""

    def change(observed: Observed) -> Observed:
        found = dict(catalog_of(observed).indexes)
        name = "ix_rag_chunks_hnsw"
        return with_catalog(
            observed, indexes={name: found[name].model_copy(update=changes)} if changes else {}
        )

    return change


def _unit(name: str, **changes: Any) -> Change:
    """A unit changed; gone where nothing is given."""

    def of(units: Any) -> Any:
        gone: Any = Absent("LoadState=not-found")
        there = Seen(units[name].value.model_copy(update=changes)) if changes else gone
        return {**units, name: there}

    return _host(units=of)


def _column(**changes: Any) -> Change:
    """A column beside the first one of ``users``, in another form than before."""

    def change(observed: Observed) -> Observed:
        columns = dict(catalog_of(observed).tables["users"].columns)
        columns["name"] = columns["id"].model_copy(update={"name": "name", **changes})
        return _users(columns=columns)(observed)

    return change


API = "/data/ATUM DESK/atum-desk/api"
SLA = "atum-desk-sla-worker.service"
CHANGES: dict[str, tuple[Change, str]] = {
    "unit stopped": (_unit(SLA, active_state="inactive", sub_state="dead"), "[service.sla_worker]"),
    "unit disabled": (_unit(SLA, starts_at_boot=Seen(False)), "[service.sla_worker]"),
    "unit gone": (_unit(SLA), "[service.sla_worker]"),
    "unit not told": (
        _host(units=lambda was: {**was, SLA: CannotTell("late", Cause.TIMEOUT)}),
        "service.sla_worker: late",
    ),
    "port wide": (
        _host(
            listeners=lambda was: Seen(
                tuple(one.model_copy(update={"address": "0.0.0.0"}) for one in was.value)  # noqa: S104
            )
        ),
        "[port.postgresql]",
    ),
    "port closed": (_host(listeners=lambda was: Seen(was.value[:1])), "[port.postgresql]"),
    "path": (
        _host(
            paths=lambda was: {
                API: Seen(was[API].value.model_copy(update={"mode": "0777", "owner": "root"}))
            }
        ),
        "[path.api]",
    ),
    "path gone": (_host(paths=lambda _: {API: Absent("no such file")}), "[path.api]"),
    "version": (
        _host(outputs=lambda was: {**was, "runtime.python": Seen("Python 3.12.1")}),
        "[runtime.python]",
    ),
    "booted": (
        _host(identity=lambda was: was.model_copy(update={"booted": was.clock})),
        "host: cannot be written: it was booted",
    ),
    "hostname": (
        _host(identity=lambda was: was.model_copy(update={"hostname": "Zeus"})),
        "its hostname was Hera, and is Zeus",
    ),
    "column changed": (_column(type="text"), '[column."users.name"]'),
    "column nullable": (_column(nullable=True), '[column."users.name"]'),
    "column stored otherwise": (_column(storage="storage external"), "~ column users.name"),
    "every column changed": (
        lambda one: _users(
            columns={
                "id": catalog_of(one)
                .tables["users"]
                .columns["id"]
                .model_copy(update={"type": "bigint"})
            }
        )(one),
        "[table.users]",
    ),
    "key gone": (_users(constraints={}), "[table.users]"),
    "row security": (_users(row_security=True), "~ table users"),
    "owner": (
        lambda one: with_catalog(_users(owner="other")(one), objects={}, whole=False),
        "",
    ),
    "unlogged": (_users(persistence="unlogged"), "~ table users: permanent"),
    "table gone": (
        lambda one: with_catalog(
            one,
            tables={k: v for k, v in catalog_of(one).tables.items() if k != "users"},
        ),
        "[table.users]",
    ),
    "index gone": (_index(), "[index.ix_rag_chunks_hnsw]"),
    "index by other means": (_index(method="ivfflat", options={}), "[index.ix_rag_chunks_hnsw]"),
    "index invalid": (_index(valid=False), "(ef_construction=64, m=16) INVALID"),
    "nulls distinct": (_index(nulls_distinct=False), "nulls_distinct = false"),
    "tablespace": (_index(placed="tablespace fast"), "~ index ix_rag_chunks_hnsw"),
    "enum": (lambda one: with_catalog(one, enums={"mood": ("b", "a")}), "[enum.mood]"),
    "enum gone": (lambda one: with_catalog(one, enums={}), "[enum.mood]"),
    "extension": (lambda one: with_catalog(one, extensions={}), "[extension.vector]"),
    "extension's version": (
        lambda one: with_catalog(one, extensions={"vector": "0.8.0"}),
        "~ extension vector: 0.6.0 -> 0.8.0",
    ),
    "trigger": (
        lambda one: with_catalog(one, objects={"trigger users.touch": "BEFORE UPDATE"}),
        "trigger users.touch",
    ),
    "revision": (
        lambda one: one.model_copy(
            update={
                "database": Seen(
                    one.database.value.model_copy(update={"alembic": Seen(("other",))})  # type: ignore[union-attr]
                )
            }
        ),
        "migration.current",
    ),
    "database not told": (
        lambda one: one.model_copy(update={"database": CannotTell("late", Cause.TIMEOUT)}),
        "late",
    ),
}
"""What changes between the looks, and what is written or said of it."""


def _before(look: Look) -> Observed:
    """The look before, with an enum, and another column."""
    before = with_catalog(look("predeploy"), enums={"mood": ("a", "b")}, whole=True)
    return _column(type="uuid")(before)


def _units(written: str, file: pathlib.Path) -> None:
    """The units of the contract beside those that are written: ports name them as their owners."""
    base = tomli.loads((CONTRACT / "services.toml").read_text("utf-8"))["service"]
    for one in base.values():
        one.pop("risk", None)
    services = base | tomli.loads(written).get("service", {})
    file.write_text(tomli_w.dumps({"service": services}), "utf-8")


def _is_in(id_: str, chapters: Mapping[str, str]) -> bool:
    """Whether an item was written, and does not only stand beside what was."""
    kind, _, name = id_.partition(".")
    return any(name in tomli.loads(text).get(kind, {}) for text in chapters.values())


def _said(
    before: Observed, after: Observed, contract: Contract, target: Target, folder: pathlib.Path
) -> tuple[str, list[str]]:
    """Everything that is written, and what cannot be; the former is a contract that holds."""
    chapters, missing = differences(target, contract, before, after, "two looks")
    folder.mkdir()
    for name, text in chapters.items():
        assert [complaint(name, text, draft) for draft in DRAFTS] == ["", ""], text
        (folder / f"{name}.toml").write_text(text, "utf-8")
    if chapters:
        _units(chapters.get("services", ""), folder / "services.toml")
        written = load_contract(folder).promises
        both = {**contract.promises, **written}
        for moment, seen in (("predeploy", before), ("postdeploy", after)):
            scene = Scene(
                contract=Contract(system="", cwd="/", folder="", sha256="", promises=both),
                target=target,
                moment=moment,  # type: ignore[arg-type]
                observed=seen,
                baseline=before,
            )
            for one in (one for one in written.values() if _is_in(one.id, chapters)):
                assert compare(one, scene).broken == (), (one.id, moment)
    return "\n".join(chapters.values()), missing


@pytest.mark.parametrize("name", CHANGES)
def test_a_difference(
    name: str, contract: Contract, target: Target, look: Look, tmp_path: pathlib.Path
) -> None:
    """It is written so that it holds at both looks, or it is named."""
    before = _before(look)
    change, says = CHANGES[name]
    text, missing = _said(before, change(before), contract, target, tmp_path / "written")
    assert says in "\n".join((text, *missing)), (text, missing)


def test_nothing_differs(
    contract: Contract, target: Target, look: Look, tmp_path: pathlib.Path
) -> None:
    """Two equal looks: nothing is written, and nothing is missing but what could not be told."""
    before = _before(look)
    text, missing = _said(before, before, contract, target, tmp_path / "written")
    assert text == ""
    assert [one for one in missing if "cannot be written" in one] == []


@pytest.mark.parametrize(("later_s", "says"), [(0.1, []), (90.0, ["does not hold after: the"])])
def test_what_is_never_twice_the_same(
    later_s: float, says: list[str], target: Target, look: Look, tmp_path: pathlib.Path
) -> None:
    """A clock goes on: that is no difference while it is right, and is said where it is wrong."""
    keys = 'title = "x"\nsource = "x"\nof = "host"\nwithin_s = 5\n'
    (tmp_path / "runtimes.toml").write_text(f"[clock.it]\n{keys}", "utf-8")
    before = _before(look)
    later = dt.timedelta(seconds=later_s)

    def moved(asked: Any) -> Any:
        return asked.model_copy(update={"clock": asked.clock + later})

    after = _host(identity=moved)(before)
    text, missing = _said(before, after, load_contract(tmp_path), target, tmp_path / "written")
    assert text == ""
    assert len(missing) == len(says), missing
    assert all(one in said for one, said in zip(says, missing, strict=True))


@pytest.mark.parametrize("moment", ["postdeploy", "rollback"])
def test_every_change_that_the_state_diff_tells(
    moment: Moment, contract: Contract, target: Target, look: Look, tmp_path: pathlib.Path
) -> None:
    """Whatever the state diff finds is written or named, and so is all that the catalogs tell."""
    before, after = _before(look), look(moment)
    text, missing = _said(before, after, contract, target, tmp_path / "written")
    said = "\n".join((text, *missing))
    for one in drift.compare(contract, target, before, after, None):
        if one.kind not in (drift.Kind.SAME, drift.Kind.MISSING):
            name = one.id.replace(" ", ".", 1)
            words = (f"[{name}]", f"{one.id}:", f'[column."{name.partition(".")[2]}', one.id)
            assert any(word in said for word in words), one
    found = diff(catalog_of(before), catalog_of(with_catalog(after, whole=True)))
    for key in (*found.missing, *found.extra, *found.changed):
        kind, _, rest = key.partition(" ")
        assert rest.partition(".")[0] in said, (kind, key)
