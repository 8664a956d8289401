"""Who may enter a machine, and the files a client needs for it: made anew for every start.

Both key pairs are made here and laid into the machine before it boots, so that the host key is
known before the first connection and checked strictly from then on.
"""

import os
import shutil
from pathlib import Path

from sandbox.machine import command
from sandbox.machine.error import MachineError
from sandbox.machine.recipe import Recipe
from sandbox.machine.record import Record

SUDO = {
    "passwordless": "{user} ALL=(ALL) NOPASSWD: ALL\n",
    "password": "{user} ALL=(ALL) ALL\n",
    "none": "",
}
"""What the user may do: anything; anything with a password nobody has; nothing."""

_RULE = "etc/sudoers.d/machine"

_CLIENT = """\
Host {alias}
    HostName {address}
    User {user}
    IdentityFile "{identity}"
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile "{known_hosts}"
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    UpdateHostKeys no
    PreferredAuthentications publickey
    BatchMode yes
    ConnectTimeout 10
    LogLevel ERROR
"""


def grant(record: Record, recipe: Recipe) -> None:
    """Make the keys, lay them into a machine that has not started, write the client's files.

    Args:
        record: The machine, its network picked.
        recipe: Names its user.
    """
    if record.link is None:
        raise MachineError(f"machine {record.name} has no network yet")
    folder, address = record.folder, record.link.address
    _key(folder / "identity", f"{recipe.user}@{record.name}")
    _key(folder / "host_key", recipe.hostname)
    home = f"home/{recipe.user}/.ssh"
    lay(
        record,
        f"{home}/authorized_keys",
        (folder / "identity.pub").read_text(),
        0o600,
        (1000, 1000),
    )
    for suffix, mode in (("", 0o600), (".pub", 0o644)):
        text = (folder / f"host_key{suffix}").read_text()
        lay(record, f"etc/ssh/ssh_host_ed25519_key{suffix}", text, mode, (0, 0))
    lay(record, _RULE, SUDO[record.sudo].format(user=recipe.user), 0o440, (0, 0))
    kind, key = (folder / "host_key.pub").read_text().split()[:2]
    (folder / "host_key").unlink()
    (folder / "known_hosts").write_text(f"{address} {kind} {key}\n")
    (folder / "ssh_config").write_text(
        _CLIENT.format(
            alias=f"hera-{record.name}",
            address=address,
            user=recipe.user,
            identity=str(folder / "identity").replace("%", "%%"),
            known_hosts=str(folder / "known_hosts").replace("%", "%%"),
        )
    )


def switch_sudo(record: Record, recipe: Recipe, mode: str) -> None:
    """Change what the user of a running machine may do, from the next command on."""
    if not record.alive:
        raise MachineError(f"machine {record.name} does not run")
    rule = Path(f"/proc/{record.leader}/root") / _RULE
    rule.write_text(SUDO[mode].format(user=recipe.user))


def ssh(record: Record, *arguments: str) -> list[str]:
    """Return the command line that enters a machine."""
    return ["ssh", "-F", str(record.folder / "ssh_config"), f"hera-{record.name}", *arguments]


def lay(record: Record, path: str, text: str, mode: int, owner: tuple[int, int]) -> None:
    """Lay a file into a machine that has not started.

    Args:
        record: The machine.
        path: Where, relative to its root; every folder above it is the image's own.
        text: What is in it.
        mode: Its permissions.
        owner: Its user's and group's ids.
    """
    target = record.folder / "upper" / path
    _mirror(record, Path(path).parent)
    target.touch(mode=0o600)
    target.write_text(text)
    os.chown(target, *owner)
    target.chmod(mode)


def _mirror(record: Record, path: Path) -> None:
    """Make folders of the image in the overlay's upper side, whose modes and owners would win."""
    for relative in [*reversed(path.parents), path]:
        made = record.folder / "upper" / relative
        if made.is_dir():
            continue
        made.mkdir(parents=True)
        model = next(
            (root / relative for root in record.layers if (root / relative).is_dir()), None
        )
        if model is None:
            raise MachineError(f"the image has no folder /{relative}")
        shutil.copystat(model, made)
        os.chown(made, model.stat().st_uid, model.stat().st_gid)


def _key(path: Path, comment: str) -> None:
    """Make a key pair without a passphrase; `path` and ``path.pub``."""
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)]
    command.output(argv)
