"""Files that somebody got wrong: each is refused with file, table and key, none is read so-so."""

from __future__ import annotations

import json
import pathlib

import pytest

from gate.errors import ContractError, TargetError
from gate.kinds.load import load_contract
from gate.target import load_target
from tests.selftest import mistakes_of_api
from tests.selftest.runs import command, run
from tests.selftest.test_target import TARGET

BASE = 'title = "t"\nsource = "s"\n'
UNIT = 'unit = "w.service"\nstate = "active (running)"\n'
SERVICE = f"[service.web]\n{BASE}{UNIT}"
PORT = f'[port.p]\n{BASE}service = "s"\n'
PATH = f'[path.p]\n{BASE}purpose = "p"\n'
RUNTIME = f'[runtime.r]\n{BASE}label = "l"\n'
CLOCK = f'[clock.c]\n{BASE}of = "host"\n'
TABLE = f"[table.t]\n{BASE}"
INDEX = f"[index.i]\n{BASE}"
QUEUE = f'[work.w]\n{BASE}unit = "w.service"\n'
ENDPOINT = f"[endpoint.e]\n{BASE}"
ACCESS = f'[access.a]\n{BASE}path = "/"\n'
BUDGET = f'[budget.b]\n{BASE}endpoint = "e"\n'
STEP = f'[step.s]\n{BASE}phase = "deploy"\norder = 1\nrun = "true"\n'
WAIVER = f'[waiver.w]\n{BASE}item = "service.web"\nowner = "o"\nreason = "r"\n'
REHEARSAL = f"[rehearsal.r]\n{BASE}"
ALEMBIC = '[alembic]\nfolder = "/srv"\nversions = "/srv/v"\n'
# Chapter, text, and what the complaint must name besides the file: table, key, what is wrong.
CONTRACTS = {
    "unknown-key": ("services", SERVICE + "sate = 1", "[service.web]: sate: unknown key; known: "),
    "unknown-key-of-a-side": (
        *("services", SERVICE + 'after = { uint = "x" }'),
        "[service.web] after: uint: unknown key; known: absent, after, before, label",
    ),
    "unknown-key-of-a-table-inside": (
        *("work", QUEUE + 'queue = { tabel = "t" }'),
        "[work.w]: queue.tabel: unknown key; known: attempts, attempts_at_most, created, discarded",
    ),
    "a-role-that-nothing-is-filled-with": (
        *("endpoints", ENDPOINT + 'path = "/me"\nas_role = "a"\n'),
        "as_role fills {user} and {password}, and neither stands in form, json or request_headers",
    ),
    "unknown-key-of-about": (
        *("services", '[about]\nsytem = "x"\n' + SERVICE),
        "[about]: sytem: unknown key; known: baseline_days, cwd, evidence_hours, system",
    ),
    "unknown-key-of-alembic": (
        *("rehearsal", ALEMBIC + 'foldr = "/"\n'),
        "[alembic]: foldr: unknown key; known: application, command",
    ),
    "about-is-no-table": ("services", "about = 3\n" + SERVICE, "[about]: "),
    "about-is-a-number": ("services", "[about]\nsystem = 3\n" + SERVICE, "[about]: system: "),
    "alembic-is-no-table": ("rehearsal", "alembic = 'x'\n", "[alembic]: "),
    "alembic-relative": ("rehearsal", ALEMBIC.replace('"/srv"', '"srv"'), "[alembic]: folder: "),
    "alembic-text-for-list": ("rehearsal", ALEMBIC + 'hot = "item"\n', "[alembic]: hot: "),
    "alembic-inf": ("rehearsal", ALEMBIC + "deadline_s = inf\n", "[alembic]: deadline_s: "),
    "alembic-nan": ("rehearsal", ALEMBIC + "idle_reader_s = nan\n", "[alembic]: idle_reader_s: "),
    "placeholder-of-url": (
        *("rehearsal", ALEMBIC + 'url = "postgresql://{usr}@{host}/{database}"\n'),
        "[alembic]: url: {usr} is not known here: {user}, {password}, {host}",
    ),
    "placeholder-of-a-variable": (
        *("rehearsal", ALEMBIC + 'variables = { PGHOST = "{hots}" }\n'),
        "[alembic]: variables.PGHOST: {hots} is not known here: {user}, ",
    ),
    "placeholder-of-application": (
        *("rehearsal", ALEMBIC + 'application = ["shop", "--db={ulr}", "upgrade"]\n'),
        "[alembic]: application.1: {ulr} is not known here: {url} is",
    ),
    "placeholder-of-command": (
        *("rehearsal", ALEMBIC + 'command = ["alembic", "-x", "db={databse}"]\n'),
        "[alembic]: command.2: {databse} is not known here: {url} is",
    ),
    "placeholder-of-option": (
        *("rehearsal", ALEMBIC + 'option = "{database}.url"\n'),
        "[alembic]: option: ",
    ),
    "key-outside": ("services", 'service.unit = "x"\n' + SERVICE, "[service] unit: unknown key"),
    "kind-is-a-list": ("services", "[[service]]\ntitle = 't'\n", "service: expected tables"),
    "item-is-a-list": ("services", "[[service.web]]\ntitle = 't'\n", "[service] web: "),
    "number-for-title": ("services", SERVICE.replace('"t"', "7"), "[service.web]: title: "),
    "date-for-source": ("services", SERVICE.replace('"s"', "2026-01-01"), "[service.web]: source"),
    "empty-title": ("services", SERVICE.replace('"t"', '""'), "[service.web]: title: "),
    "number-for-bool": ("services", SERVICE + "starts_at_boot = 1", "[service.web]: starts_at_b"),
    "text-for-bool": ("services", SERVICE + 'starts_at_boot = "yes"', "[service.web]: starts_at"),
    "bool-for-text": ("services", SERVICE + "label = true", "[service.web]: label: "),
    "list-for-text": ("services", SERVICE + 'label = ["x"]', "[service.web]: label: "),
    "number-for-side": ("services", SERVICE + "before = 3", "[service.web]: before: expected"),
    "number-for-risk": ("services", SERVICE + "risk = 3", "[service.web]: risk: "),
    "number-among-risks": ("services", SERVICE + 'risk = ["risk.a", 3]', "[service.web]: risk.1: "),
    "number-for-absent": ("services", SERVICE + "absent = 1", "[service.web]: absent: "),
    "text-for-number": ("ports", PORT + 'port = "443"', "[port.p]: port: "),
    "float-for-number": ("ports", PORT + "port = 443.0", "[port.p]: port: "),
    "bool-for-number": ("ports", PORT + "port = true", "[port.p]: port: "),
    "port-0": ("ports", PORT + "port = 0", "[port.p]: port: "),
    "port-of-many-digits": ("ports", PORT + "port = 1" + "0" * 5000, "ports.toml: malformed"),
    "port-65536": ("ports", PORT + "port = 65536", "[port.p]: port: "),
    "no-reach": ("ports", PORT + 'port = 1\nreach = "world"', "[port.p]: reach: "),
    "no-workers": ("ports", PORT + "port = 1\nprocesses = 0", "[port.p]: processes: "),
    "relative-path": ("paths", PATH + 'path = "srv"', "[path.p]: path: "),
    "octal-number": ("paths", PATH + 'path = "/srv"\nmode = 0o755', "[path.p]: mode: "),
    "inf-for-integer": ("paths", PATH + 'path = "/"\nfree_mb = inf', "[path.p]: free_mb: "),
    "version-as-float": ("runtimes", RUNTIME + "version = 3.10", "[runtime.r]: version: "),
    "text-for-list": ("runtimes", RUNTIME + 'command = "ls"', "[runtime.r]: command: "),
    "list-of-3": ("runtimes", RUNTIME + 'version = "1"\npackage = ["a", "b", "c"]', "package"),
    "no-pattern": (
        *("runtimes", RUNTIME + 'version = "1"\ncommand = ["ls"]\npattern = "("'),
        "[runtime.r]: pattern is no regular expression",
    ),
    "clock-inf": ("runtimes", CLOCK + "within_s = inf", "[clock.c]: within_s: "),
    "clock-nan": ("runtimes", CLOCK + "within_s = nan", "[clock.c]: within_s: "),
    "clock-text": ("runtimes", CLOCK + 'within_s = "2"', "[clock.c]: within_s: "),
    "clock-0": ("runtimes", CLOCK + "within_s = 0", "[clock.c]: within_s: "),
    "column-number": ("database", TABLE + "columns = { a = 1 }", "[table.t]: columns.a: "),
    "columns-list": ("database", TABLE + 'columns = ["a"]', "[table.t]: columns: "),
    "no-columns": ("database", TABLE + "columns = {}", "[table.t]: columns: "),
    "option-number": (
        *("database", INDEX + 'table = "t"\ncolumns = ["a"]\noptions = { m = 16 }'),
        "[index.i]: options.m: ",
    ),
    "labels-text": ("database", f"[enum.e]\n{BASE}labels = 'a'", "[enum.e]: labels: "),
    "database-1": ("database", f"[database.d]\n{BASE}restored = 1", "[database.d]: restored: "),
    "database-both": (
        *("database", f"[database.d]\n{BASE}restored = true\ntables = 3"),
        "[database.d]: needs exactly one of",
    ),
    "migration-nothing": ("migrations", f"[migration.m]\n{BASE}", "[migration.m]: needs exactly"),
    "queue-text": ("work", QUEUE + 'queue = "jobs"', "[work.w]: queue: "),
    "queue-inf": (
        *("work", QUEUE + 'queue = { table = "t", oldest_within_s = inf }'),
        "[work.w]: queue.oldest_within_s: ",
    ),
    "cycle-nan": ("work", QUEUE + 'cycle = { table = "t", within_s = nan }', "cycle.within_s: "),
    "poll-minus-inf": (
        *("work", QUEUE + 'poll = { application = "a", within_s = -inf }'),
        "[work.w]: poll.within_s: ",
    ),
    "status-text": ("endpoints", ENDPOINT + 'path = "/"\nstatus = "200"', "[endpoint.e]: status: "),
    "status-99": ("endpoints", ENDPOINT + 'path = "/"\nstatus = 99', "[endpoint.e]: status: "),
    "path-number": ("endpoints", ENDPOINT + "path = 7", "[endpoint.e]: path: "),
    "method": ("endpoints", ENDPOINT + 'path = "/"\nmethod = "BREW"', "[endpoint.e]: method: "),
    "deadline-inf": ("endpoints", ENDPOINT + 'path = "/"\ndeadline_s = inf', "deadline_s: "),
    "text-no-list": ("endpoints", ENDPOINT + 'path = "/"\ntext = "ok"', "[endpoint.e]: text: "),
    "form-number": ("endpoints", ENDPOINT + 'path = "/"\nform = { a = 1 }', "form.a: "),
    "access-no-roles": ("access", ACCESS + "roles = {}", "[access.a]: roles: "),
    "access-word": ("access", ACCESS + 'roles = { a = "maybe" }', "[access.a]: roles.a."),
    "access-status": ("access", ACCESS + "roles = { a = 99 }", "[access.a]: roles.a."),
    "access-role": ("access", ACCESS + 'roles = { "a::b" = 200 }', "[access.a]: roles."),
    "access-hides-nothing": (
        *("access", ACCESS + 'hides = [{}]\nroles = { a = "sees" }'),
        "[access.a]: hides.0: needs at least one of at, text",
    ),
    "access-value-nowhere": (
        *("access", ACCESS + 'hides = [{ text = "a", value = 1 }]\nroles = { a = "sees" }'),
        "[access.a]: hides.0: value needs at",
    ),
    "access-two-depths": (
        *("access", ACCESS + 'hides = [{ at = "/**/a/**" }]\nroles = { a = "sees" }'),
        "[access.a]: hides.0.at: ** may stand once",
    ),
    "access-no-control": (
        *("access", ACCESS + 'hides = [{ text = "x" }]\nroles = { a = "hidden" }'),
        "[access.a]: roles: hides needs a role that sees it",
    ),
    "access-nothing-hidden": (
        *("access", ACCESS + 'roles = { a = "hidden" }'),
        "[access.a]: hides: say what is hidden",
    ),
    "access-404": (
        *("access", ACCESS + 'denied_by = [404]\nroles = { a = "denied" }'),
        "[access.a]: denied_by: a status that is no refusal",
    ),
    "schema-inf": (
        "endpoints", ENDPOINT + 'path = "/"\nbody = { properties = { a = { maximum = inf } } }',
        "[endpoint.e]: body.properties: holds what JSON has no word for",
    ),
    "json-date": (
        "endpoints", ENDPOINT + 'path = "/"\njson = { a = [2030-01-01] }', "[endpoint.e]: json: "
    ),
    "json-password": (
        *("endpoints", ENDPOINT + 'path = "/"\njson = { user = "u", password = "hunter2" }'),
        "[endpoint.e]: json.password: a credential must not be written here",
    ),
    "token-in-text": (
        *("endpoints", ENDPOINT + f'path = "/x?t=ghp_{"a1B2" * 9}"'),
        "[endpoint.e]: path: holds a token",
    ),
    "budget-inf": ("budgets", BUDGET + "p95_s = inf", "[budget.b]: p95_s: "),
    "budget-nan": ("budgets", BUDGET + "limit_s = nan", "[budget.b]: limit_s: "),
    "budget-change": ("budgets", BUDGET + "change = 2", "[budget.b]: change: unknown key; known: "),
    "budget-of-nothing": ("budgets", BUDGET + "samples = 3", "[budget.b]: needs at least one of"),
    "budget-at-most-inf": ("budgets", BUDGET + "at_most_s = inf", "[budget.b]: at_most_s: "),
    "p95-of-20": (
        *("budgets", BUDGET + "p95_s = 1\nsamples = 20"),
        "[budget.b]: p95_s: p95 needs 59 samples",
    ),
    "p99-of-59": (
        *("budgets", BUDGET + "p99_s = 1\nsamples = 59"),
        "[budget.b]: p99_s: p99 needs 299 samples",
    ),
    "relative-of-2": (
        *("budgets", BUDGET + "relative = true\nsamples = 2"),
        "[budget.b]: relative needs 3 samples",
    ),
    "beside-without-a-limit": (
        *("budgets", BUDGET + 'relative = true\nbeside = "f"'),
        "[budget.b]: beside goes with at_most_s",
    ),
    "too-fast-otherwise": (
        *("budgets", BUDGET + 'typical_s = 1\ntoo_fast = "skip"'),
        "[budget.b]: too_fast: ",
    ),
    "samples-float": ("budgets", BUDGET + "limit_s = 1\nsamples = 1.5", "[budget.b]: samples: "),
    "blocked-inf": ("rehearsal", REHEARSAL + "blocked_at_most_s = inf", "blocked_at_most_s: "),
    "recall-nan": (
        "rehearsal",
        REHEARSAL + 'vector = { index = "i", table = "t", column = "c", limit = 1, recall = nan }',
        "[rehearsal.r]: vector.recall: ",
    ),
    "order-text": ("plan", STEP.replace("= 1", '= "1"'), "[step.s]: order: "),
    "deadline-nan": ("plan", STEP + "deadline_s = nan", "[step.s]: deadline_s: "),
    "password-in-command": (
        *("plan", STEP.replace('"true"', '"PGPASSWORD=hunter2 psql -c true"')),
        "[step.s]: run: holds a password or token",
    ),
    "password-in-address": (
        *("plan", STEP.replace('"true"', '"psql postgresql://a:hunter2@h/d"')),
        "[step.s]: run: holds a user and password in an address",
    ),
    "password-of-alembic": (
        *("rehearsal", ALEMBIC + 'url = "postgresql://u:hunter2@{host}/{database}"\n'),
        "[alembic]: url: holds a user and password in an address",
    ),
    "expires-number": ("waivers", WAIVER + "expires = 20300101", "[waiver.w]: expires: "),
    "expires-instant": ("waivers", WAIVER + "expires = 2030-01-01T00:00:00Z", "[waiver.w]: exp"),
    "expires-text": ("waivers", WAIVER + 'expires = "soon"', "[waiver.w]: expires: "),
    "moment": ("waivers", WAIVER + 'expires = 2030-01-01\nmoments = ["after"]', "moments.0: "),
    "nested-deep": ("services", SERVICE + f"x = {'[' * 5000}", "services.toml: malformed TOML"),
    **mistakes_of_api.CONTRACTS,
}  # fmt: skip


@pytest.mark.parametrize(("chapter", "text", "says"), CONTRACTS.values(), ids=CONTRACTS.keys())
def test_contract(tmp_path: pathlib.Path, chapter: str, text: str, says: str) -> None:
    """A contract with a mistake is refused; the complaint names file, table and key."""
    file = tmp_path / f"{chapter}.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ContractError) as caught:
        load_contract(tmp_path)
    assert str(caught.value).startswith(str(file))
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


TARGETS = {
    "unknown-key": (TARGET + "sevice = 'x'", "database.sevice: unknown key; known: forward"),
    "unknown-table": (TARGET + "[apii]\nbase = 'x'", "apii: unknown key; known: api, database"),
    "offset-text": ("port_offset = '3'\n" + TARGET, "port_offset: "),
    "offset-float": ("port_offset = 3.5\n" + TARGET, "port_offset: "),
    "sudo-number": ("sudo = 1\n" + TARGET, "sudo: "),
    "title-number": (TARGET.replace('"Web"', "7"), "title: "),
    "path-text": ("path = '/usr/bin'\n" + TARGET, "path: "),
    "deadline-inf": (TARGET + "[deadlines]\ndatabase_s = inf", "deadlines.database_s: "),
    "deadline-nan": (TARGET + "[deadlines]\nconnect_s = nan", "deadlines.connect_s: "),
    "deadline-text": (TARGET + "[deadlines]\nhost_s = '3'", "deadlines.host_s: "),
    "window-nan": (TARGET + "[deadlines]\nwindow_s = nan", "deadlines.window_s: "),
    "forward-text": (TARGET + "forward = 'yes'", "database.forward: "),
    "values-number": (TARGET + "[api.values]\nid = 3", "api.values.id: "),
    "values-token": (TARGET + "[api.values]\ntoken = 'abc'", "api.values.token: a credential must"),
    "env-name": (TARGET + "[api.roles.a]\nuser_env = 'a b'\npassword_env = 'B'", "user_env: "),
    "differs-key": (TARGET + "[[differs]]\nitme = 'x'\nreason = 'r'", "differs.0.itme: unknown"),
    "differs-table": (TARGET + "[differs]\nitem = 'x'\n", "differs: "),
    "differs-secret": (
        TARGET + "[[differs]]\nitem = 'x'\nreason = 'r'\nset = { api_key = 'hunter2' }",
        "differs[0].set.api_key: a credential must not be written here",
    ),
    "rehearsal-kind": (TARGET + "[rehearsal]\nservice = 'x'\nkind = 'copy'", "rehearsal.kind: "),
    "rehearsal-unknown": (
        TARGET + "[rehearsal]\nservice = 'x'\nknd = 'dump'",
        "rehearsal.knd: unknown key; known: backup, deadline_s, embedded,",
    ),
    **mistakes_of_api.TARGETS,
}  # fmt: skip


@pytest.mark.parametrize(("text", "says"), TARGETS.values(), ids=TARGETS.keys())
def test_target(tmp_path: pathlib.Path, text: str, says: str) -> None:
    """A target with a mistake is refused; the complaint names file and key, and no secret."""
    file = tmp_path / "here.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(TargetError) as caught:
        load_target(str(file), tmp_path)
    assert str(caught.value).startswith(str(file))
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["text-for-number", "clock-inf", "about-is-no-table"])
def test_exit_status(tmp_path: pathlib.Path, name: str) -> None:
    """A mistake ends the run with exit status 4 before anything is looked at or written."""
    chapter, text, says = CONTRACTS[name]
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract" / f"{chapter}.toml").write_text(text, "utf-8")
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    done = run(command(tmp_path, "predeploy"))
    assert done.returncode == 4
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "reports").exists()


GOOD = (
    'form = { username = "{user}", password = "{wrong_password}" }\nas_role = "a"',
    'json = { token = "{refresh_token}" }',
    'body.properties.password = { type = "string" }',
    'note = "the password is kept in the environment"',
    "deadline_s = 3",
)


@pytest.mark.parametrize("text", GOOD)
def test_no_credential(tmp_path: pathlib.Path, text: str) -> None:
    """What only speaks of credentials, or names where one is filled in, is none."""
    (tmp_path / "endpoints.toml").write_text(f'{ENDPOINT}path = "/"\n{text}\n', "utf-8")
    assert load_contract(tmp_path).promises


@pytest.mark.parametrize(
    ("one", "other"),
    [("redis", "Redis"), ("straße", "STRASSE"), ("é", "e\u0301"), ("Сервис", "сервис")],
)
def test_ids_are_compared_without_case(tmp_path: pathlib.Path, one: str, other: str) -> None:
    """Two ids that differ in case alone are one id twice, and both places are named."""
    text = "".join(f"[service.{json.dumps(name)}]\n{BASE}{UNIT}" for name in (one, other))
    (tmp_path / "services.toml").write_text(text, "utf-8")
    with pytest.raises(ContractError, match="one id twice") as caught:
        load_contract(tmp_path)
    assert all(f"[service.{name}]" in str(caught.value) for name in (one, other))


@pytest.mark.parametrize(
    "name",
    ["", " a", "a ", "a\nb", "a\rb", "a\x1b[31mb", "a\u202eb", "a\\b", "a::b", "a`b"],
)
def test_ids_that_cannot_work(tmp_path: pathlib.Path, name: str) -> None:
    """An id that some channel could not carry is refused, and shown escaped."""
    text = f"[service.{json.dumps(name)}]\n{BASE}{UNIT}"
    (tmp_path / "services.toml").write_text(text, "utf-8")
    with pytest.raises(ContractError) as caught:
        load_contract(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'services.toml'}: [service.")
    assert str(caught.value).isprintable()
