"""What is said of a kernel, and which of those that are installed is newer than the one that runs."""

from __future__ import annotations

from typing import Any

import pytest

from gate.kinds.kernel import KERNEL, KernelFacts, _pending, _taints, _words
from gate.sources.fact import CannotTell, Cause, Seen
from gate.sources.host.section import Section
from tests.selftest.given import said, unclear
from tests.selftest.judgements.test_tools import answer

UNCLEAR = "cannot tell (upstream): nobody tells"


def section(text: str, rc: int = 0) -> Section:
    """What a part of the answer says."""
    return Section(text.encode(), rc, "")


def nothing_of(what: str) -> CannotTell:
    """That a part of the answer says nothing of it."""
    return CannotTell(f"{what}: it said nothing of it", Cause.UPSTREAM)


@pytest.mark.parametrize(
    ("runs", "installed", "newer"),
    [
        ("6.1.0-18-amd64", "6.1.0-18-amd64", False),
        ("6.1.0-18-amd64", "6.1.0-20-amd64", True),
        ("6.1.0-18-amd64", "6.1.0-9-amd64", False),
        ("6.1.0-18-amd64", "6.6.13+bpo-amd64", True),
        ("6.1.0-18-amd64", "6.1.0-20-rt-arm64", False),
        ("5.15.0-100-generic", "5.15.0-101-generic", True),
        ("5.15.0-100-generic", "6.5.0-1-lowlatency", False),
        ("5.14.0-427.13.1.el9_4.x86_64", "5.14.0-503.11.1.el9_5.x86_64", True),
        ("5.14.0-427.13.1.el9_4.x86_64", "5.14.0-427.el9.x86_64", False),
        ("5.14.0-427.el9.x86_64", "5.14.0-427.5.1.el9_4.x86_64", True),
        ("5.14.0-427.el9.x86_64", "5.14.0-503.el9.x86_64+debug", False),
        ("6.8.9-300.fc40.x86_64", "6.8.10-300.fc40.x86_64", True),
        ("6.8.9-300.fc40.x86_64", "6.9.4-200.fc41.x86_64", True),
        ("6.9.3-arch1-1", "6.9.3-arch1-2", True),
        ("6.9.3-arch1-1", "6.9.4-arch1-1", True),
        ("6.6.30", "6.6.31", True),
        ("6.6.30", "6.6.3", False),
        ("6.6.30-0-lts", "6.6.31-0-lts", True),
        ("6.4.0-150600.21-default", "6.4.0-150600.23-default", True),
    ],
)
def test_a_newer_kernel(runs: str, installed: str, newer: bool) -> None:  # noqa: FBT001 - a table
    """Of the same flavour, in whatever way a distribution writes its releases."""
    found = _pending(runs, section(f"kernel {runs}\nkernel {installed}\n.\n"))
    said_ = (f"the newer kernel {installed} is installed",) if newer else ()
    assert found == Seen(said_)


@pytest.mark.parametrize(
    ("text", "rc", "expected"),
    [
        (".\n", 0, Seen(())),
        ("flag /run/reboot-required\nflag /var/run/reboot-required\n.\n", 0,
         Seen(("/run/reboot-required is there",))),
        ("flag /x\nkernel 6.2-a\n.\n", 0,
         Seen(("/x is there", "the newer kernel 6.2-a is installed"))),
        ("flag /x\n", 0, None),
        ("", 0, None),
        (".\n", 1, None),
    ],
)  # fmt: skip
def test_a_reboot_that_is_pending(text: str, rc: int, expected: Any) -> None:
    """What is not told to its end tells nothing."""
    found = _pending("6.1-a", section(text, rc))
    if expected:
        assert found == expected
    else:
        assert isinstance(found, CannotTell)
        assert found.reason.startswith("/run/reboot-required: ")


def test_taints_and_words() -> None:
    """Each flag by its number; modules by either spelling."""
    assert _taints(section("0\n")) == Seen(())
    assert _taints(section("4097\n")) == Seen((0, 12))
    assert _taints(section(f"{1 << 31}\n")) == Seen((31,))
    assert _taints(section(f"{1 << 32}\n")) == Seen((32,))
    assert _taints(section("x")) == nothing_of("/proc/sys/kernel/tainted")
    asked = ("br_netfilter", "br-netfilter", "kvm")
    told: Any = {
        "modules": section("br-netfilter ext4 ."),
        "cmdline": section("quiet br-netfilter"),
    }
    assert _words(asked, told, "modules", "it", end=".") == Seen(asked[:2])
    assert _words(asked, told, "cmdline", "it") == Seen(asked[1:2])
    for text, rc in (("ext4", 0), ("ext4 .", 1), ("", 0)):
        cut: Any = {"modules": section(text, rc)}
        assert isinstance(_words(asked, cut, "modules", "it", end="."), CannotTell)


ANSWER = {
    "release": ("6.1.0-18-amd64\n", 0, ""),
    "tainted": ("4097\n", 0, ""),
    "cmdline": ("quiet nosmt\n", 0, ""),
    "modules": ("kvm\next4\n.\n", 0, ""),
    "reboot": ("kernel 6.1.0-20-amd64\n.\n", 0, ""),
}


def test_what_a_kernel_says() -> None:
    """Each part by itself; without a release there is no kernel to speak of."""
    asked = (("quiet", "splash"), ("kvm", "usb"))
    assert KERNEL.read(answer(**ANSWER), [asked]) == {
        asked: KernelFacts(
            release="6.1.0-18-amd64",
            taints=Seen((0, 12)),
            pending=Seen(("the newer kernel 6.1.0-20-amd64 is installed",)),
            parameters=Seen(("quiet",)),
            modules=Seen(("kvm",)),
        )
    }
    parts = dict.fromkeys(ANSWER, ("", 0, ""))
    nothing = KERNEL.read(answer(**{**parts, "release": ANSWER["release"]}), [asked])
    assert nothing == {
        asked: KernelFacts(
            release="6.1.0-18-amd64",
            taints=nothing_of("/proc/sys/kernel/tainted"),
            pending=nothing_of("/run/reboot-required"),
            parameters=nothing_of("/proc/cmdline"),
            modules=nothing_of("/proc/modules"),
        )
    }
    cut = KERNEL.read(answer(**{**ANSWER, "modules": ("kvm\n", 0, "")}), [asked])[asked]
    assert isinstance(cut, KernelFacts)
    assert cut.modules == nothing_of("/proc/modules")
    none = KERNEL.read(answer(**{**ANSWER, "release": ("\n", 0, "")}), [asked])
    assert none == {asked: nothing_of("/proc/sys/kernel/osrelease")}


def kernel(**changes: Any) -> KernelFacts:
    """A kernel of which nothing is wrong."""
    facts: dict[str, Any] = {"release": "6.1.0-18-amd64", "taints": Seen(()), "pending": Seen(())}
    facts |= {"parameters": Seen(("quiet",)), "modules": Seen(("kvm",))}
    return KernelFacts(**{**facts, **changes})


@pytest.mark.parametrize(
    ("keys", "changes", "expected"),
    [
        ('release = "6.1"', {}, ""),
        ('release = "6.2"', {}, "release 6.1.0-18-amd64 runs"),
        ("untainted = true", {}, ""),
        ("untainted = true", {"taints": Seen((12, 0))}, "it is tainted (flags 12, 0)"),
        ("untainted = true", {"taints": unclear()}, UNCLEAR),
        ("taints = [12]", {"taints": Seen((12,))}, ""),
        ("taints = [12]", {"taints": Seen((12, 13))}, "it is tainted (flags 13)"),
        ("taints = [12]", {"taints": unclear()}, UNCLEAR),
        ('release = "6"', {"taints": Seen((1,)), "pending": unclear()}, ""),
        ('release = "6"', {"parameters": unclear(), "modules": unclear()}, ""),
        ("no_reboot_pending = true", {}, ""),
        ("no_reboot_pending = true", {"pending": Seen(("a", "b"))},
         "a reboot is pending: a; a reboot is pending: b"),
        ("no_reboot_pending = true", {"pending": unclear()}, UNCLEAR),
        ('parameters = ["quiet"]', {}, ""),
        ('parameters = ["quiet", "nosmt"]', {}, "no parameter nosmt"),
        ('parameters = ["quiet"]', {"parameters": unclear()}, UNCLEAR),
        ('modules = ["kvm"]\nmodules_not = ["usb"]', {}, ""),
        ('modules = ["usb"]\nmodules_not = ["kvm"]', {}, "no module usb; the module kvm"),
        ('modules_not = ["usb"]', {"modules": unclear()}, UNCLEAR),
        ('release = "6.2"\nmodules_not = ["usb"]', {"modules": unclear()},
         "release 6.1.0-18-amd64 runs"),
    ],
)  # fmt: skip
def test_a_kernel(keys: str, changes: dict[str, Any], expected: str) -> None:
    """Each of what is promised by itself."""
    assert said("kernel", keys, kernel(**changes)) == expected
