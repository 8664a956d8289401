"""The environment of the programs that the gate starts: what they need, and no secret.

The gate's own environment holds the credentials of a run. A program that inherits them can lose
them: by a trace, a crash report, an ``ssh`` that sends variables, a hook of somebody's profile.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Literal

from gate.target import SECRET_KEY

Purpose = Literal["local", "ssh", "ansible", "docker", "podman", "kubectl", "python"]

ALWAYS = (
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|LOCPATH|TZ|TZDIR|TERM|TMPDIR|TMP|TEMP"
    r"|XDG_RUNTIME_DIR|XDG_CONFIG_HOME|XDG_CACHE_HOME|XDG_DATA_HOME|LD_LIBRARY_PATH"
)
"""What any program may need to find its files and to speak its user's language."""
SSH = r"|SSH_AUTH_SOCK|SSH_AGENT_PID|KRB5CCNAME|KRB5_CONFIG"
CLOUD = (
    r"|AWS_PROFILE|AWS_(?:DEFAULT_)?REGION|AWS_CONFIG_FILE|AWS_SHARED_CREDENTIALS_FILE"
    r"|GOOGLE_APPLICATION_CREDENTIALS|AZURE_CONFIG_DIR|CLOUDSDK_CONFIG"
)
"""Where an inventory's plugin or a cluster's login finds credentials: in files, never in values."""
NEEDED: Mapping[Purpose, str] = {
    # libpq's settings are for pg_dump, pg_restore and Alembic; the bus is systemctl --user's
    "local": r"|PG[A-Z]+|DBUS_SESSION_BUS_ADDRESS",
    "ssh": SSH,
    "ansible": SSH + CLOUD + r"|ANSIBLE_\w+|VIRTUAL_ENV",
    "docker": SSH + r"|DOCKER_\w+",
    "podman": SSH + r"|DOCKER_HOST|CONTAINER_\w+|CONTAINERS_\w+|PODMAN_\w+|REGISTRY_AUTH_FILE",
    "kubectl": CLOUD + r"|KUBECONFIG|KUBERNETES_\w+|HTTPS?_PROXY|NO_PROXY|https?_proxy|no_proxy",
    # a Python program of our own: where its modules are, and the sandbox's settings
    "python": r"|PYTHON\w+|VIRTUAL_ENV|ATUM_SANDBOX\w*|OLLAMA_\w+|COVERAGE_\w+|XDG_\w+",
}
SECRETS = re.compile(rf"PGPASSWORD|DOCKER_AUTH_CONFIG|.*{SECRET_KEY.pattern}", re.IGNORECASE)
"""Never passed on, whatever needs them: what needs a password is given it by file or by input."""


def environment(
    purpose: Purpose, environ: Mapping[str, str] | None = None, **more: str
) -> dict[str, str]:
    """The environment to start a program with.

    Args:
        purpose: How the program is used.
        environ: Where the variables are taken from; this process's where ``None``.
        more: Variables that are put over them.

    Returns:
        The variables that programs of the purpose need, none that is named like a secret.
    """
    given = os.environ if environ is None else environ
    wanted = re.compile(ALWAYS + NEEDED[purpose])
    found = {
        name: value
        for name, value in given.items()
        if wanted.fullmatch(name) and not SECRETS.fullmatch(name)
    }
    return {**found, **more}
