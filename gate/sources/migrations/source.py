"""Migrations: the revision files that were read on the host."""

from __future__ import annotations

from gate.sources.fact import Fact, Seen
from gate.sources.host.facts import HostFacts
from gate.sources.host.questions import AskRevisions
from gate.sources.migrations.chain import chain
from gate.sources.migrations.facts import Chain, Chains
from gate.sources.source import Looking, Source


def look(looking: Looking) -> Fact[Chains]:
    """Read each folder that was asked for from what the host told of its files."""
    folders = {one.key: None for one in looking.asked if isinstance(one, AskRevisions)}
    if not folders:
        return Seen(Chains(folders={}))
    host: Fact[HostFacts] = looking.of("host")
    found: dict[str, Fact[Chain]] = {}
    for folder in folders:
        files = host.value.files[folder] if isinstance(host, Seen) else host
        found[folder] = Seen(chain(folder, files.value)) if isinstance(files, Seen) else files
    return Seen(Chains(folders=found))


SOURCE = Source(name="migrations", rank=40, format=1, facts=Chains, look=look, after=("host",))
