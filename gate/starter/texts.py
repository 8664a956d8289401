"""What the files of a beginning say, with their explanations; ``$name`` is filled in."""

from __future__ import annotations

PATHS = """\
# A chapter of the contract: which files and folders there must be, and what they must be like.
# Each table is one promise. Its name in brackets never changes: history and waivers hang on it.
# What stands here holds at every moment: before a deployment (predeploy), after it (postdeploy),
# and after it was taken back (rollback).

[path.$key]
# The promise as a sentence; it is the heading of its line in every report.
title = "The folder of this system is there"
# Who says so: a document, a migration, an issue. Whoever doubts the promise looks there.
source = "gate init, on $day"
# CHANGE THIS: the folder that your system really lives in.
path = $path
purpose = "Where this system lives"
type = $type
owner = $owner
mode = $mode
# What is other before and after a deployment is said like this:
# before = "absent"
# after = { mode = "0750" }

# Other promises are written into files of their own, beside this one. An example for
# contract/services.toml, where systemd runs what you guard:
#
# [service.web]
# title = "The web server runs and comes back after a reboot"
# source = "our runbook"
# unit = "nginx.service"
# state = "active (running)"
# starts_at_boot = true
#
# and for contract/ports.toml:
#
# [port.https]
# title = "The web server listens on 443"
# source = "our runbook"
# port = 443
# service = "web"
# owner = "nginx.service"
#
# `gate record --only=services,ports` prints what this target has of both today.
# `gate schema --write .gate/schemas` writes all that can be said, for editors that know TOML.
"""

CLOCK = """\
# A chapter of the contract: what is installed, in which version, and whether clocks are right.

[clock.host]
title = "The host's clock is right"
source = "gate init, on $day"
of = "host"
# How many seconds it may be off the clock of the machine that the gate runs on.
within_s = $within
"""

RUNTIME = """
[runtime.$key]
title = "The host has Python $version"
source = "gate init, on $day"
label = "Python"
# CHANGE THIS to what your system is made of. `3.11` is met by 3.11.9, and not by 3.110.
version = "$version"
# A command that tells the version and changes nothing, as a list of words.
command = ["python3", "--version"]
"""

TARGET = """\
# A target: where to look. Passwords are never written here; see the examples below.

title = $title
# How the host is reached: local:// for the machine that the gate runs on, ssh://user@host,
# docker://container, podman://container, kubectl://pod.
host = $host
# Whether the gate may use `sudo -n` to see whose process listens on a port.
sudo = false

# Only where something is promised of endpoints. The variables hold the login of a role:
# [api]
# base = "https://shop.example.org"
# [api.roles.customer]
# user_env = "SHOP_CUSTOMER_USER"
# password_env = "SHOP_CUSTOMER_PASSWORD"

# Only where something is promised of a PostgreSQL database: a service of ~/.pg_service.conf,
# with a role that can only read. Its password stands in ~/.pgpass.
# [database]
# service = "shop"
"""

GITHUB = """\
# The gate in GitHub's CI. Contract and target are judged at every push; the target itself is
# looked at when somebody starts this job by hand, or another workflow calls it.
name: gate
on:
  push:
  workflow_call:
  workflow_dispatch:

jobs:
  lint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install $product
      - run: gate lint --target=$name

  predeploy:
    if: github.event_name != 'push'
    # CHANGE THIS: a runner that reaches the target; for local:// the target itself.
    runs-on: self-hosted
    steps:
      - uses: actions/checkout@v4
      - run: pip install $product
      # Exit status 0 says that the deployment may go live; any other stops this job.
      - run: gate check predeploy --target=$name
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: gate-reports
          path: reports
"""

GITLAB = """\
# The gate in GitLab's CI. Contract and target are judged at every push; the target itself is
# looked at when somebody starts the second job by hand.
gate-lint:
  image: python:3.12
  script:
    - pip install $product
    - gate lint --target=$name

gate-predeploy:
  # CHANGE THIS: a runner that reaches the target; for local:// the target itself.
  tags: [deployment]
  when: manual
  script:
    - pip install $product
    # Exit status 0 says that the deployment may go live; any other fails this job.
    - gate check predeploy --target=$name
  artifacts:
    when: always
    paths: [reports]
"""
