"""Which file systems the files of a host have mounted when it comes up."""

from __future__ import annotations

from gate.sources.fact import CannotTell
from gate.sources.host.mount_table import unescaped
from gate.sources.host.parts import cannot_tell
from gate.sources.host.section import Section

ENABLED = """fstab() { [ ! -e /etc/fstab ] || limited cat /etc/fstab; }
enabled_mounts() {
  for unit in /etc/systemd/system/*.mount /etc/systemd/system/*.automount; do
    name=${unit##*/}
    for link in /etc/systemd/system/*.wants/"$name" /etc/systemd/system/*.requires/"$name"; do
      [ -e "$link" ] || continue
      limited sed -n 's/^Where=[[:space:]]*\\(\\/.*\\)/\\1/p' "$unit" || return
      break
    done
  done
}
"""
"""Functions of the shell: the table, and the places of those units that something at boot wants."""
ON_DEMAND = "x-systemd.automount"
"""Of fstab's options: mounted when somebody asks for it, whatever ``noauto`` says."""
OPTIONS = 3
"""The place of the options in a line of fstab."""


def mounted_at_boot(fstab: Section, units: Section) -> frozenset[str] | CannotTell:
    """The places that are mounted at boot, or when they are asked for.

    Source:
        ``fstab(5)``, ``systemd.mount(5)``.
    """
    for section, what in ((fstab, "/etc/fstab"), (units, "/etc/systemd/system/*.mount")):
        if section.rc != 0:
            return cannot_tell(section, what)
    places = {bare(one) for one in units.text.splitlines()}
    for line in fstab.text.splitlines():
        row = line.split()
        if len(row) > 1 and not row[0].startswith("#"):
            options = row[OPTIONS].split(",") if len(row) > OPTIONS else []
            if "noauto" not in options or ON_DEMAND in options:
                places.add(bare(unescaped(row[1])))
    return frozenset(places)


def bare(place: str) -> str:
    """A place as the kernel tells it: quotes and a slash at its end are systemd's and fstab's."""
    return place.strip().strip("\"'").rstrip("/") or "/"
