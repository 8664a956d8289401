"""What is changed in a judgement, to see whether a test notices: mutmut's ways, and some of ours.

Two sorts of mutmut's are left out. The words of a message: a text with a blank in it is read by
people, and no judgement hangs on it; one without is a key, a status or a name, and is changed. And
``None`` in place of any value: mypy, which is strict here, is the test of that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import libcst as cst
from mutmut.mutation import file_mutation, mutators

LEFT_OUT = (mutators.operator_string, mutators.operator_assignment, mutators.operator_arg_removal)


def name_in_quotes(node: cst.SimpleString) -> Iterable[cst.SimpleString]:
    """Another key or status; a sentence stays as it is."""
    text = node.evaluated_value
    if node.quote in ('"""', "'''") or not isinstance(text, str) or any(map(str.isspace, text)):
        return
    inner = node.value.removeprefix(node.prefix)[1:-1]
    yield node.with_changes(value=f"{node.prefix}{node.quote}XX{inner}XX{node.quote}")


def branch(node: cst.If | cst.CompIf) -> Iterable[cst.CSTNode]:
    """A condition that is always false, or always true."""
    test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    for operator, literal in ((cst.And(), "False"), (cst.Or(), "True")):
        always = cst.BooleanOperation(left=test, operator=operator, right=cst.Name(literal))
        yield node.with_changes(test=always)


def argument(node: cst.Call) -> Iterable[cst.Call]:
    """A call without one of its named arguments: its default stands in."""
    for place, one in enumerate(node.args):
        if one.keyword is not None:
            yield node.with_changes(args=[*node.args[:place], *node.args[place + 1 :]])


def install(beside: Collection[str]) -> None:
    """Have mutmut work with these operators, in this process and those forked from it.

    Args:
        beside: Names of functions that are left as they are.
    """
    file_mutation.NEVER_MUTATE_FUNCTION_NAMES.update(beside)
    kept = [one for one in mutators.mutation_operators if one[1] not in LEFT_OUT]
    ours = [(cst.SimpleString, name_in_quotes), (cst.If, branch), (cst.CompIf, branch)]
    mutators.mutation_operators[:] = [*kept, *ours, (cst.Call, argument)]
