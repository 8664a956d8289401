"""The policies of ``examples/policies``, over evidence that the gate signed.

AMPEL and Conforma are no packages here; what they do before a policy is evaluated is done as they
document it: signatures are checked, and statements are found by subject and type.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import celpy
import pytest
import regopy
from celpy.adapter import json_to_cel
from cryptography.hazmat.primitives.asymmetric import ed25519
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import SSlibKey

from gate.evidence.envelope import sealed
from gate.evidence.keys import Signing
from gate.evidence.statements import compact, payloads
from tests.selftest.test_evidence import document

POLICIES = pathlib.Path(__file__).resolve().parents[2] / "examples" / "policies"
KEY = ed25519.Ed25519PrivateKey.generate()
OTHER = ed25519.Ed25519PrivateKey.generate()
COMMIT = "b" * 40
Bundle = list[dict[str, Any]]
Admits = Callable[[Bundle], bool]


def now() -> dt.datetime:
    """The present time."""
    return dt.datetime.now(dt.timezone.utc)


def bundle(commit: str = COMMIT, key: Any = KEY, **changes: Any) -> Bundle:
    """The lines of a run's evidence, signed."""
    given: dict[str, Any] = {
        "finished": now().isoformat(),
        "valid_until": (now() + dt.timedelta(hours=1)).isoformat(),
        "moment": "postdeploy",
    }
    told = document(**{**given, **changes})
    broken = [one["id"] for one in told["items"] if one["outcome"] in ("FAIL", "INCONCLUSIVE")]
    good = told["verdict"] == "PROMOTE" and not told["advise"] and told["replay"] is None
    test_result = compact(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "release commit", "digest": {"gitCommit": commit}}],
            "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
            "predicate": {"result": "PASSED" if good else "FAILED", "failedTests": broken},
        }
    )
    signs = Signing(key.public_key(), key.sign)
    found = payloads(told, test_result, {"verdict.json": "d" * 64})
    return [json.loads(sealed(one, signs)) for one in found]


def trusted(lines: Bundle) -> list[dict[str, Any]]:
    """The statements that the key signed which is trusted."""
    found = []
    for line in lines:
        envelope = Envelope.from_dict(json.loads(json.dumps(line)))
        for one in envelope.signatures.values():
            key = SSlibKey.from_crypto(KEY.public_key(), keyid=one.keyid)
            try:
                key.verify_signature(one, envelope.pae())
            except UnverifiedSignatureError:
                continue
            found.append(json.loads(envelope.payload))
    return found


def ampel(lines: Bundle) -> bool:
    """Every tenet holds for the statements about the commit that have its type."""
    policy = json.loads((POLICIES / "ampel" / "promote.json").read_text("utf-8"))
    context = {
        "target": "live",
        "moment": policy["context"]["moment"]["default"],
        "contract": "c" * 64,
        "now": now().strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    assert set(context) == set(policy["context"])
    about = [
        one
        for one in trusted(lines)
        if any(subject["digest"].get("gitCommit") == COMMIT for subject in one["subject"])
    ]
    return all(_tenet(one, about, context) for one in policy["tenets"])


def _tenet(tenet: Mapping[str, Any], about: list[Any], context: Mapping[str, str]) -> bool:
    data = [one for one in about if one["predicateType"] in tenet["predicates"]["types"]]
    environment = celpy.Environment()
    program = environment.program(environment.compile(tenet["code"]))
    told: Any = json_to_cel({"predicates": [{"data": one["predicate"]} for one in data]})
    given: Any = {"predicates": told["predicates"], "context": json_to_cel(dict(context))}
    return bool(data) and bool(program.evaluate(given))


def conforma(lines: Bundle) -> bool:
    """No rule denies."""
    interpreter = regopy.Interpreter()
    interpreter.add_module("gate", (POLICIES / "conforma" / "promote.rego").read_text("utf-8"))
    wanted = {"target": "live", "moment": "postdeploy", "contract": "c" * 64, "commit": COMMIT}
    interpreter.add_data({"rule_data": wanted})
    interpreter.set_input({"attestations": [{"statement": one} for one in trusted(lines)]})
    output = json.loads(str(interpreter.query("data.gate.deny")))
    denied: list[Any] = output["expressions"][0]
    return denied == []


BOTH = pytest.mark.parametrize("admits", [ampel, conforma])


@BOTH
def test_a_promotion_is_admitted(admits: Admits) -> None:
    """Signed, of this commit, in time."""
    assert admits(bundle())


UNTOLD = {"id": "port.x", "outcome": "INCONCLUSIVE", "reason": "timeout"}
BROKEN = {"id": "port.x", "outcome": "FAIL", "reason": "closed"}
HOUR = dt.timedelta(hours=1)
DENIED: dict[str, dict[str, Any]] = {
    "blocked": {"verdict": "BLOCKED", "exit_status": 1, "items": [BROKEN]},
    "inconclusive": {"verdict": "INCONCLUSIVE", "exit_status": 10, "items": [UNTOLD]},
    "partial": {
        "verdict": "PARTIAL",
        "exit_status": 10,
        "items": [UNTOLD],
        "not_run": ["port.x"],
    },
    "replayed": {"verdict": "REPLAYED", "exit_status": 10, "replay": {"file": "x"}},
    "advice": {"advise": True},
    "advice against it": {"advise": True, "verdict": "BLOCKED", "exit_status": 1},
    "expired": {"valid_until": (now() - HOUR).isoformat()},
    "yet to come": {"finished": (now() + 24 * HOUR).isoformat()},
    "other commit": {"commit": "a" * 40},
    "other target": {"target": "elsewhere"},
    "other moment": {"moment": "predeploy"},
    "other contract": {"contract": {"sha256": "e" * 64}},
}


@BOTH
@pytest.mark.parametrize("why", DENIED)
def test_nothing_else_is(admits: Admits, why: str) -> None:
    """Signed as it should be, and all the same no promotion of this release."""
    assert not admits(bundle(**DENIED[why]))


def reworded(line: dict[str, Any], old: bytes, new: bytes) -> dict[str, Any]:
    """An envelope whose statement somebody changed."""
    payload = base64.b64decode(line["payload"])
    assert old in payload
    return {**line, "payload": base64.b64encode(payload.replace(old, new)).decode()}


def verdict_changed(lines: Bundle) -> Bundle:
    """Another word of the verdict."""
    bad = bundle(verdict="INCONCLUSIVE", exit_status=10)
    account = reworded(bad[1], b'"INCONCLUSIVE"', b'"PROMOTE"')
    return [lines[0], account, lines[2]]


def time_stretched(lines: Bundle) -> Bundle:
    """A longer time."""
    old = bundle(valid_until=(now() - HOUR).isoformat())
    year = str(now().year).encode()
    account = reworded(old[1], b'"valid_until":"' + year, b'"valid_until":"9999')
    return [lines[0], account, lines[2]]


def signature_moved(lines: Bundle) -> Bundle:
    """The signature of another statement."""
    return [lines[0], {**lines[1], "signatures": lines[0]["signatures"]}, lines[2]]


def signed_by_another(lines: Bundle) -> Bundle:
    """Everything signed, by somebody else."""
    assert len(lines) == 3
    return bundle(key=OTHER)


def left_out(lines: Bundle) -> Bundle:
    """The account is missing."""
    return [lines[0], lines[2]]


def commit_changed(lines: Bundle) -> Bundle:
    """Evidence of another commit, with this one's name."""
    assert len(lines) == 3
    other = b"a" * 40
    return [reworded(one, other, COMMIT.encode()) for one in bundle(commit="a" * 40)]


@BOTH
@pytest.mark.parametrize(
    "tamper",
    [
        verdict_changed,
        time_stretched,
        signature_moved,
        signed_by_another,
        left_out,
        commit_changed,
    ],
)
def test_six_of_six_tamperings(admits: Admits, tamper: Callable[[Bundle], Bundle]) -> None:
    """None of them is admitted."""
    assert not admits(tamper(bundle()))
