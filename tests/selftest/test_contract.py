"""The contract is read strictly: every mistake is told with file, table and key."""

from __future__ import annotations

import pathlib

import pytest

from gate.errors import ContractError
from gate.kinds.endpoint import Endpoint
from gate.kinds.load import load_contract
from gate.kinds.service import Service
from gate.target import Difference

ROOT = pathlib.Path(__file__).resolve().parents[2]

SERVICE = """
[service.web]
title = "The web server runs"
source = "test"
unit = "web.service"
state = "active (running)"
"""


RISK = """
[risk.web]
title = "The web server breaks"
source = "test"
area = "web"
level = "LOW"
"""
WAIVER = """
[waiver.later]
title = "Nobody minds yet"
source = "test"
item = "step.first"
owner = "o"
reason = "r"
expires = 2999-01-01
"""
STEP = """
[step.first]
title = "The first step"
source = "test"
phase = "deploy"
order = 1
run = "true"
"""


def write(folder: pathlib.Path, **chapters: str) -> pathlib.Path:
    """Write a contract of some chapters."""
    for chapter, text in chapters.items():
        (folder / f"{chapter}.toml").write_text(text, "utf-8")
    return folder


def test_own_contract() -> None:
    """The contract of this deployment is sound, and promises at least 150 items at each moment."""
    contract = load_contract(ROOT / "tests" / "contract")
    assert min(len(contract.at(one)) for one in ("predeploy", "postdeploy", "rollback")) >= 150


def test_a_waiver_follows_its_item(tmp_path: pathlib.Path) -> None:
    """Where what it waives is not accounted for, nothing could tell whether it is needed."""
    folder = write(tmp_path, services=SERVICE, plan=STEP, waivers=WAIVER)
    contract = load_contract(folder, carries_out=False)
    assert contract.promise("step.first").moments == ("predeploy",)
    assert contract.promise("waiver.later").moments == ("predeploy",)
    for moment in ("postdeploy", "rollback"):
        assert [one.id for one in contract.at(moment)] == ["service.web"]


def test_side_overrides(tmp_path: pathlib.Path) -> None:
    """What one side says replaces what the item says, on that side only."""
    text = SERVICE + 'after = { state = "inactive (dead)" }\n'
    contract = load_contract(write(tmp_path, services=text))
    states = [
        contract.of(Service, one)["service.web"].state
        for one in ("predeploy", "postdeploy", "rollback")
    ]
    assert states == ["active (running)", "inactive (dead)", "active (running)"]


def test_absent_side_is_described_by_the_other(tmp_path: pathlib.Path) -> None:
    """An item that comes later needs its description once."""
    text = """
    [service.web]
    title = "The web server comes"
    source = "test"
    unit = "web.service"
    before = "absent"
    after = { state = "active (running)" }
    """
    contract = load_contract(write(tmp_path, services=text))
    before = contract.of(Service, "predeploy")["service.web"]
    after = contract.of(Service, "postdeploy")["service.web"]
    assert (before.absent, after.absent, after.state) == (True, False, "active (running)")


def test_declared_difference(tmp_path: pathlib.Path) -> None:
    """What a target declares replaces what the contract says, and its reason is kept."""
    difference = Difference(item="service.web", set={"unit": "http.service"}, reason="renamed here")
    contract = load_contract(write(tmp_path, services=SERVICE), [difference])
    promise = contract.promise("service.web")
    assert isinstance(promise.before, Service)
    assert (promise.before.unit, promise.differs) == ("http.service", ("renamed here",))


def test_digest_follows_the_bytes(tmp_path: pathlib.Path) -> None:
    """Any change of a file changes the digest that the verdict names."""
    first = load_contract(write(tmp_path, services=SERVICE)).sha256
    second = load_contract(write(tmp_path, services=SERVICE + "# a remark\n")).sha256
    assert first != second


def test_body_of_an_endpoint_is_kept(tmp_path: pathlib.Path) -> None:
    """A body promise is a JSON Schema."""
    text = """
    [endpoint.me]
    title = "Me"
    source = "test"
    path = "/me"
    body.required = ["id"]
    """
    contract = load_contract(write(tmp_path, endpoints=text))
    assert contract.of(Endpoint, "predeploy")["endpoint.me"].body == {"required": ["id"]}


ENDPOINT = '[endpoint.login]\ntitle = "L"\nsource = "s"\npath = "/login"\n'


@pytest.mark.parametrize(
    ("chapters", "message"),
    [
        pytest.param({"servces": SERVICE}, "servces.toml: unknown chapter", id="chapter"),
        pytest.param({"services": "[port.x]\n"}, "belongs into ports.toml", id="misplaced"),
        pytest.param({"services": "[servce.x]\n"}, "unknown kind of item [servce", id="kind"),
        pytest.param({"services": ""}, "services.toml: promises nothing", id="empty"),
        pytest.param(
            {"services": SERVICE + "sate = 1\n"}, "[service.web]: sate: unknown", id="key"
        ),
        pytest.param({"services": SERVICE + SERVICE}, "malformed TOML", id="twice"),
        pytest.param({"services": "title = 1\n[service"}, "services.toml: malformed", id="toml"),
        pytest.param(
            {"services": SERVICE.replace("active (running)", "up")}, "state", id="bad-state"
        ),
        pytest.param({"services": SERVICE + 'before = "gone"\n'}, '"absent"', id="bad-side"),
        pytest.param(
            {"services": SERVICE + "after = { unti = 1 }\n"},
            "[service.web] after: unti",
            id="side-key",
        ),
        pytest.param({"services": SERVICE + 'risk = "risk.x"\n'}, "no risk 'risk.x'", id="risk"),
        pytest.param(
            {"services": SERVICE + 'risk = "web"\n', "risks": RISK},
            "no risk 'web' in risks.toml: write \"risk.web\"; known: risk.web",
            id="risk-without-its-kind",
        ),
        pytest.param({"services": "[service.web]\n"}, "title", id="missing-key"),
        pytest.param({"services": "service = 3\n"}, "expected tables", id="no-table"),
        pytest.param(
            {"waivers": '[waiver.w]\ntitle="t"\nsource="s"\nitem="service.web"\n'},
            "owner",
            id="waiver-without-owner",
        ),
        pytest.param(
            {
                "waivers": '[waiver.w]\ntitle="t"\nsource="s"\nitem="service.x"\nowner="o"\n'
                'reason="r"\nexpires=2030-01-01\n'
            },
            "no item 'service.x'",
            id="waiver-of-nothing",
        ),
        pytest.param(
            {"endpoints": ENDPOINT + 'form = { password = "hunter2" }\n'},
            "form: password: a credential must not be written here",
            id="credential",
        ),
        pytest.param(
            {"endpoints": ENDPOINT + 'body.type = "objekt"\n'}, "no JSON Schema", id="schema"
        ),
        pytest.param(
            {"risks": '[risk.r]\ntitle="t"\nsource="s"\narea="a"\nlevel="LOW"\n'},
            "no item guards it",
            id="risk-without-guard",
        ),
        pytest.param(
            {"plan": '[step.s]\ntitle="t"\nsource="s"\nphase="deploy"\norder=2\nrun="true"\n'},
            "numbered [2], expected 1 to 1",
            id="step-order",
        ),
        pytest.param(
            {"work": '[work.w]\ntitle="t"\nsource="s"\nunit="w.service"\n'}, "proof", id="no-proof"
        ),
        pytest.param(
            {"runtimes": '[runtime.r]\ntitle="t"\nsource="s"\nlabel="l"\nversion="1"\n'},
            "exactly one of command",
            id="runtime-of-nothing",
        ),
    ],
)
def test_mistake(tmp_path: pathlib.Path, chapters: dict[str, str], message: str) -> None:
    """A mistake is reported with its file, and never as a traceback of something else."""
    with pytest.raises(ContractError) as caught:
        load_contract(write(tmp_path, **chapters))
    assert str(caught.value).startswith(str(tmp_path))
    assert message in str(caught.value)


def test_all_mistakes_at_once(tmp_path: pathlib.Path) -> None:
    """Whoever writes a contract sees all mistakes, not one a run."""
    with pytest.raises(ContractError) as caught:
        load_contract(write(tmp_path, services=SERVICE + "sate = 1\n", ports="[prt.x]\n"))
    assert "sate" in str(caught.value)
    assert "prt" in str(caught.value)


def test_nothing_there(tmp_path: pathlib.Path) -> None:
    """A folder without a contract is no empty contract."""
    with pytest.raises(ContractError, match="no contract here"):
        load_contract(tmp_path)


def test_difference_on_nothing(tmp_path: pathlib.Path) -> None:
    """A target may be written for a larger contract than this folder: it is told, not fatal."""
    difference = Difference(item="service.db", set={"unit": "x"}, reason="r")
    contract = load_contract(write(tmp_path, services=SERVICE), [difference])
    assert contract.unused_differs == ("service.db",)


def test_not_utf8(tmp_path: pathlib.Path) -> None:
    """A file in another encoding is named."""
    (tmp_path / "services.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ContractError, match=r"services\.toml: is not UTF-8"):
        load_contract(tmp_path)
