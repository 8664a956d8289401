"""Hera in a box: a whole Linux host under a real systemd, reached over SSH.

A Debian root file system is built once (`image`), cached outside the checkout, and booted with
systemd-nspawn on an overlay and a network of its own (`boot`), as often and as many times side by
side as wanted. A machine keeps what it is in one folder (`record`): removed by ``down``, found by
``list --stale`` when something was killed.

    python -m sandbox.machine build
    python -m sandbox.machine up hera
    python -m sandbox.machine ssh hera -- systemctl status
    python -m sandbox.machine target hera > hera.toml
    eval "$(python -m sandbox.machine env hera)"
    python -m sandbox.machine down hera

Needs root, a cgroup2 and an overlay file system, and the programs that `needs` lists.
"""
