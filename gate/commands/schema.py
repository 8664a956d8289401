"""``gate schema``: the contract's JSON Schema, for editors."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

from gate.contract.schema import schema
from gate.kinds.registry import kinds

HELP = "print the contract's JSON Schema, for editors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has no options."""
    del parser


def run(options: argparse.Namespace, tell: Callable[[str], object]) -> int:
    """Print it."""
    del options
    tell(json.dumps(schema(kinds()), indent=2))
    return 0
