"""Small parts of the gate, each at the bound where it becomes another answer."""

from __future__ import annotations

import io
import logging
import pathlib
import subprocess
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from gate.connection import way
from gate.connection.carrier import carry
from gate.connection.obstacle import CarrierError
from gate.contract.rehearsal import Alembic
from gate.errors import GateError, ObservationError
from gate.kinds.endpoint import state_of
from gate.kinds.firewall import KIND as FIREWALL
from gate.kinds.kind import State
from gate.kinds.pasted import on_host, tunnel
from gate.launcher import placed, start_named
