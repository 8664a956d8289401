"""The file systems of a host, for the recorder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gate.kinds.kind import Discovery, LeftOut, Recorded, Which
from gate.kinds.scene import Scene
from gate.kinds.unplaced import path_of
from gate.sources.fact import Absent, CannotTell, Model, Seen
from gate.sources.host.mount_boot import bare
from gate.sources.host.mount_table import mount_table, unescaped
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import AskProbe, Probe
from gate.sources.host.section import Section
from gate.target import Target

STEPS = (50, 25, 20, 10, 5, 2, 1)
"""Percents that a person would write."""
KEPT = (
    *("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "bcachefs"),
    *("nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "fuse.glusterfs", "fuse.sshfs", "9p"),
    *("vfat", "exfat", "ntfs", "ntfs3", "virtiofs", "ocfs2", "gfs2", "lustre", "fuseblk"),
)
"""File systems that somebody put there; the kernel's own and a container's are none of them."""
SUBVOLUMES = ("btrfs", "zfs")
"""Of which a part is mounted as a rule: no sign of a bind mount."""
PASSING = (
    *("/run", "/proc", "/sys", "/dev", "/snap", "/tmp", "/media"),  # noqa: S108 - a name
    *("/var/lib/docker", "/var/lib/containers", "/var/lib/kubelet", "/var/lib/containerd"),
)
"""Below these, mounts come and go, but for what ``/etc/fstab`` or a unit has."""
KERNELS = ("/proc", "/sys", "/dev")
TABLE = "table"


class Mounts(Model):
    """What is mounted.

    Attributes:
        mounts: Place, file system's type, and what of it is mounted there.
        written: Places that ``/etc/fstab`` or a unit of the operator's has.
    """

    mounts: tuple[tuple[str, str, str], ...]
    written: tuple[str, ...] = ()


def _script(subjects: Sequence[str]) -> str:
    del subjects
    return parts(
        {
            "mounts": "limited cat /proc/self/mountinfo",
            "written": "limited cat /etc/fstab",
            "units": "units",
        },
        functions=UNITS,
    )


UNITS = """units() {
  set -- /etc/systemd/system/*.mount
  limited sed -n 's/^Where=[[:space:]]*\\(\\/.*\\)/\\1/p' "$@" 2>/dev/null
  return 0
}
"""


def _read(section: Section, subjects: Sequence[str]) -> Mapping[str, Mounts | Absent | CannotTell]:
    answers = read_parts(section)
    told = answers["mounts"]
    table = mount_table(told.text)
    if told.rc != 0 or "/" not in table:
        return dict.fromkeys(subjects, cannot_tell(told, "/proc/self/mountinfo"))
    found = tuple(sorted((place, one.type, one.root) for place, one in table.items()))
    places = {*written(answers["written"].text), *map(bare, answers["units"].text.splitlines())}
    return dict.fromkeys(subjects, Mounts(mounts=found, written=tuple(sorted(places))))


def written(fstab: str) -> tuple[str, ...]:
    """The places of a table of file systems, as ``fstab(5)`` writes them."""
    rows = (line.split() for line in fstab.splitlines())
    places = (row[1] for row in rows if len(row) > 1 and not row[0].startswith("#"))
    return tuple(sorted({unescaped(one) for one in places if one.startswith("/")}))


THERE = Probe[str, Mounts](name="gate.mounts.there", model=Mounts, script=_script, read=_read)


def floor(free: float, size: float) -> int | None:
    """A floor with room below what is free: at most half of it; ``None`` where hardly any is."""
    percent = free * 100 / size if size else 0
    return next((one for one in STEPS if one <= percent / 2), None)


def _asks(target: Target) -> Iterable[object]:
    del target
    return [AskProbe(THERE, TABLE)]


def _names(scene: Scene, which: Which) -> Iterable[Recorded | LeftOut | CannotTell]:
    """The root, and what somebody mounted; all that is mounted where all is wanted."""
    fact = scene.probed(THERE, TABLE)
    if isinstance(fact, CannotTell):
        yield fact
    if not isinstance(fact, Seen):
        return
    for place, type_, root in fact.value.mounts:
        path = path_of(scene.target, place)
        is_written = place in fact.value.written and not _is_below(place, KERNELS)
        is_wanted = place == "/" or which == "all" or is_written
        if path is None or not (is_wanted or _is_kept(place, type_, root)):
            continue
        name = path.strip("/").replace("/", "-") or "root"
        yield Recorded(name, {"title": f"{path} is mounted, with room", "path": path})


def _is_kept(place: str, type_: str, root: str) -> bool:
    return type_ in KEPT and not _is_below(place, PASSING) and (root == "/" or type_ in SUBVOLUMES)


def _is_below(place: str, folders: Iterable[str]) -> bool:
    return any(place == one or place.startswith(f"{one}/") for one in folders)


MOUNTS_THERE = Discovery(
    asks=_asks,
    names=_names,
    doubtful=("free_inodes_percent", "free_percent", "options", "starts_at_boot"),
)
