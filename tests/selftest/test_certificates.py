"""Certificates as they are served and as they stand in files, with OpenSSL itself."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

from gate.contract.model import Contract
from gate.errors import ContractError
from gate.recorder.live import record
from tests.selftest import tls
from tests.selftest.promised import (
    CANNOT,
    all_of,
    check,
    contract,
    here,
    judge,
    lying,
    recorded,
    scene,
    told,
)

NAME = "desk.example.org"


def authority(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """An authority of one's own, and a certificate that it issued."""
    ca, leaf = folder / "ca.pem", folder / "leaf.pem"
    for words in (
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", folder / "ca.key", "-out", ca, "-subj", "/CN=Our CA", "-days", "90"],
        ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", folder / "leaf.key", "-out", folder / "leaf.csr", "-subj", f"/CN={NAME}"],
        ["x509", "-req", "-in", folder / "leaf.csr", "-CA", ca, "-CAkey", folder / "ca.key",
         "-CAcreateserial", "-out", leaf, "-days", "60"],
    ):  # fmt: skip
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=20)  # noqa: S603, S607
    text = leaf.read_text("utf-8") + (folder / "leaf.key").read_text("utf-8")
    leaf.write_text(text, "utf-8")
    return ca, leaf


def test_in_a_file(tmp_path: pathlib.Path) -> None:
    """Days, names, issuer, trust, and everything that comes along; a key never leaves the host."""
    good = tls.certificate(tmp_path / "good.pem", [NAME, "*.example.org"], 40.5)
    old = tls.certificate(tmp_path / "old.pem", [NAME], -3.5)
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(good.read_text("utf-8") + old.read_text("utf-8"), "utf-8")
    (tmp_path / "none.pem").write_text("not a certificate\n", "utf-8")
    ca, leaf = authority(tmp_path)
    of = 'file = "{}"\n'.format
    items = {
        "certificate.good": of(good) + f'names = ["www.example.org"]\nissuer = "{tls.ISSUER}"',
        "certificate.days": of(good) + "days_left = 90",
        "certificate.old": of(old),
        "certificate.bundle": of(bundle),
        "certificate.name": of(good) + 'names = ["example.net"]',
        "certificate.issuer": of(good) + 'issuer = "Somebody"',
        "certificate.print": of(good) + f'sha256 = "{"0" * 64}"',
        "certificate.untrusted": of(leaf) + "trusted = true",
        "certificate.trusted": of(leaf) + f'trusted = true\nca_file = "{ca}"',
        "certificate.none": of(tmp_path / "none.pem"),
        "certificate.missing": of(tmp_path / "missing.pem"),
        "certificate.away": of(tmp_path / "missing.pem") + 'before = "absent"\nissuer = "x"',
    }
    seen = scene(tmp_path, items)
    check(
        told(seen),
        {
            **all_of(("certificate.good", "certificate.trusted", "certificate.away"), ""),
            "certificate.days": "good for only 40 more days",
            "certificate.old": "expired 3 days ago",
            "certificate.bundle": "expired 3 days ago",
            "certificate.name": "not good for example.net",
            "certificate.issuer": f"issued by {tls.ISSUER}",
            "certificate.print": "its fingerprint is",
            "certificate.untrusted": "it is not to be trusted: unable to get local issuer",
            "certificate.none": CANNOT,
            "certificate.missing": "there is no certificate",
        },
    )
    assert "PRIVATE KEY" not in seen.observed.model_dump_json()
    assert recorded(seen, "certificate")["good"]["issuer"] == tls.ISSUER


def test_a_file_as_others_write_it(tmp_path: pathlib.Path) -> None:
    """Lines that end as Windows' do, a last line without an end, words in front."""
    ca, leaf = authority(tmp_path)
    text = leaf.read_text("utf-8").partition("-----BEGIN PRIVATE")[0]
    written = {
        "windows": text.replace("\n", "\r\n"),
        "unended": text.rstrip(),
        "words": f"Bag Attributes\n  friendlyName: x\n{text}",
    }
    items = {}
    for name, content in written.items():
        (tmp_path / name).write_bytes(content.encode())
        items[f"certificate.{name}"] = (
            f'file = "{tmp_path / name}"\ntrusted = true\nca_file = "{ca}"'
        )
    check(judge(tmp_path, items), all_of(items, ""))
    untrusted = {id_: keys.partition("\nca_file")[0] for id_, keys in items.items()}
    check(judge(tmp_path, untrusted), all_of(items, "it is not to be trusted"))


def test_as_served(tmp_path: pathlib.Path) -> None:
    """Shake hands with real servers; who is silent, plain or away is told apart."""
    ca, leaf = authority(tmp_path)
    good = tls.certificate(tmp_path / "good.pem", [NAME], 40.5)
    with (
        tls.serving(leaf) as trusted,
        tls.serving(good) as served,
        tls.serving(None, b"HTTP/1.1 400 Bad Request\r\n\r\n") as plain,
        tls.serving(None) as hangs,
        tls.serving(None) as other,
    ):
        of = f'name = "{NAME}"\nport = {{}}\n'.format
        items = {
            "certificate.good": of(served),
            "certificate.trusted": f'port = {trusted}\nname = "x"\ntrusted = true\n'
            f'ca_file = "{ca}"',
            "certificate.untrusted": of(served) + "trusted = true",
            "certificate.plain": of(plain),
            "certificate.hangs": of(hangs),
            "certificate.again": of(other),
        }
        said = judge(tmp_path, items)
        silent = judge(tmp_path, items, lying(tmp_path, openssl="exit 0"))
        odd = judge(tmp_path, items, lying(tmp_path, openssl="echo -----BEGIN CERTIFICATE-----"))
    check(
        said,
        {
            "certificate.good": "",
            "certificate.trusted": "not good for x, but for no name",
            "certificate.untrusted": "it is not to be trusted: ",
            "certificate.plain": "there is no certificate",
            **all_of(("certificate.hangs", "certificate.again"), CANNOT),
        },
    )
    assert "trusted:" not in said["certificate.trusted"]
    check(silent, all_of(items, CANNOT))
    check(odd, all_of(items, CANNOT))


def test_authorities_are_read_where_somebody_asks(tmp_path: pathlib.Path) -> None:
    """Reading them takes longer than the handshake; of what is not trusted nothing is verified."""
    good = tls.certificate(tmp_path / "good.pem", [NAME], 40.5)
    says = f"""
    cat {good}
    read=18 why='the host read its authorities'
    [ "$SSL_CERT_FILE$SSL_CERT_DIR" != /dev/null/dev/null ] || {{ read=0 why=ok; }}
    echo "Verify return code: $read ($why)"
    """
    of = f'name = "{NAME}"\nport = 443\n'
    items = {
        "certificate.good": of,
        "certificate.trusted": of + "trusted = true",
        "certificate.by_us": of + f'trusted = true\nca_file = "{good}"',
    }
    said = judge(tmp_path, items, lying(tmp_path, openssl=says))
    asked = "it is not to be trusted: the host read its authorities"
    expected = {"certificate.good": "", "certificate.trusted": asked, "certificate.by_us": asked}
    check(said, expected)
    file = {"certificate.file": f'file = "{good}"'}
    check(judge(tmp_path, file, lying(tmp_path, openssl="exit 9")), all_of(file, ""))


def test_mistakes(tmp_path: pathlib.Path) -> None:
    """A port needs a name, a file none."""
    for keys, words in (
        ("port = 443", "port and name go together; what a file is good for stands in names"),
        (
            'file = "/x"\nname = "x"',
            "port and name go together; what a file is good for stands in names",
        ),
        ('file = "/x"\nport = 443', "exactly one of file, port"),
        ('file = "/x"\nca_file = "/y"', "ca_file goes with trusted"),
    ):
        with pytest.raises(ContractError, match=words):
            contract(tmp_path, {"certificate.x": keys})


def test_recorded_by_the_names_that_the_target_asks_for(tmp_path: pathlib.Path) -> None:
    """A server that answers to its own name alone is found; that name is promised."""
    file = tls.certificate(tmp_path / "leaf.pem", [NAME], 40.5)
    with tls.serving(file, only=NAME) as port:
        base = {"base": f"https://127.0.0.1:{port}", "server_name": NAME}
        other = {"base": f"https://localhost:{port}"}
        target = here(api={**base, "bases": {"other": other, "same": base}})
        nothing = Contract(system="", cwd="/", folder="/nowhere", sha256="", promises={})
        text = record(target, nothing, ("certificates",))[0]["certificates"]
    assert f'[certificate."{NAME} {port}"]' in text
    assert f'name = "{NAME}"' in text
    assert f'issuer = "{tls.ISSUER}"' in text
    assert f"certificate localhost {port}: " in text  # asked for in vain, and said
    assert text.count(f"port = {port}") == 1


def test_short_lives(tmp_path: pathlib.Path) -> None:
    """One that is good for hours can be promised, in parts of a day; what is left is told so."""
    file = tls.certificate(tmp_path / "leaf.pem", [NAME], 0.5, old=0.1)
    of = f'file = "{file}"\n'
    items = {"certificate.lives": of + "days_left = 0.4", "certificate.ends": of + "days_left = 1"}
    check(judge(tmp_path, items), {"certificate.lives": "", "certificate.ends": "11 more hours"})
    with tls.serving(file) as port:
        target = here(api={"base": f"https://127.0.0.1:{port}", "server_name": NAME})
        nothing = Contract(system="", cwd="/", folder="/nowhere", sha256="", promises={})
        text = record(target, nothing, ("certificates",))[0]["certificates"]
    assert "days_left = 0.1\n" in text
