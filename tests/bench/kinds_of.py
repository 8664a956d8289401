"""A contract of all kinds of a host together: as many items of each as are asked for."""

from __future__ import annotations

import pathlib
from typing import Any

import tomli_w

ONCE: dict[str, dict[str, Any]] = {
    "kernel": {"kernel": {"release": "6.1"}},
    "load": {"load": {"memory_free_percent": 1}},
    "time": {"time": {"synchronised": True}},
}
"""Kinds of which a host has one: chapter, kind, what is promised."""


def items(number: int) -> dict[str, dict[str, dict[str, Any]]]:
    """One item of each kind of which there can be many; no two numbers ask the same."""
    unit, path = f"bench-{number}.service", f"/etc/bench/{number}"
    port, service = 20_000 + number, f"number-{number}"
    return {
        "services": {"service": {"unit": unit, "state": "active (running)"}},
        "paths": {"path": {"path": path, "purpose": "data"}},
        "files": {"file": {"path": path, "contains": ["x"]}},
        "ports": {"socket": {"udp": port}, "port": {"port": port, "service": service}},
        "packages": {"package": {"package": f"bench-{number}"}},
        "users": {"user": {"user": f"bench{number}"}, "group": {"group": f"bench{number}"}},
        "mounts": {"mount": {"path": path, "free_percent": 1}},
        "timers": {"timer": {"timer": f"bench-{number}.timer"}},
        "processes": {"process": {"unit": unit, "release": path}},
        "kernel": {"sysctl": {"key": f"net.ipv4.conf.bench{number}.forwarding", "value": "1"}},
    }


def write(folder: pathlib.Path, each: int) -> int:
    """Write it; returns how many items it has."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    words = {"title": "It is as it was", "source": "handbook"}
    for number in range(each):
        for chapter, kinds in items(number).items():
            for kind, keys in kinds.items():
                tables = found.setdefault(chapter, {}).setdefault(kind, {})
                tables[f"number-{number}"] = {**words, **keys}
    for chapter, kinds in ONCE.items():
        for kind, keys in kinds.items():
            found.setdefault(chapter, {})[kind] = {"host": {**words, **keys}}
    folder.mkdir()
    for chapter, tables_of in found.items():
        (folder / f"{chapter}.toml").write_text(tomli_w.dumps(tables_of), "utf-8")
    return sum(len(tables) for kinds in found.values() for tables in kinds.values())
