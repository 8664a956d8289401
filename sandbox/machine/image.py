"""The image: layers on top of each other, each built when something that goes into it changes."""

from pathlib import Path

from sandbox.machine import cache, debian, needs, python, recipe, record, release
from sandbox.machine.recipe import Recipe


def build() -> tuple[Recipe, tuple[Path, ...]]:
    """Build what is not built yet.

    Returns:
        The recipe, and the roots of the layers as an overlay takes them: topmost first.
    """
    needs.check()
    made = recipe.load()
    with cache.locked("image"):
        system = debian.layer(made)
        packages = python.layer(made, system)
        below = [packages / "upper", system / "root"]
        application = release.layer(made, packages, below)
        roots = (application / "upper", *below)
        cache.prune({root.parent for machine in record.everyone() for root in machine.layers})
    return made, roots
