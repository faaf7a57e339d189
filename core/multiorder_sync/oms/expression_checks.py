"""What is wrong with an expression, as far as that can be seen before there is an order."""

import re
from collections.abc import Iterator
from typing import Any, Final

from jmespath.lexer import Lexer

from multiorder_sync.oms.exact_functions import FUNCTION_NAMES, ExactFunctions, plain_number
from multiorder_sync.oms.literals import lossy_figures
from multiorder_sync.reading import nearest

Node = dict[str, Any]

_ARITY: Final = {
    name: (len(entry["signature"]), bool(entry["signature"][-1].get("variadic")))
    for name, entry in ExactFunctions.FUNCTION_TABLE.items()
}

# The nodes whose children all see what the node itself sees; of the rest, only the first does.
_ALL_CHILDREN: Final = frozenset(
    {
        "and_expression",
        "comparator",
        "function_expression",
        "key_val_pair",
        "multi_select_dict",
        "multi_select_list",
        "not_expression",
        "or_expression",
    }
)
_FIRST_CHILD: Final = frozenset(
    {
        "filter_projection",
        "flatten",
        "index_expression",
        "pipe",
        "projection",
        "subexpression",
        "value_projection",
    }
)


class InvalidExpression(ValueError):
    """A text is not an expression that can be evaluated.

    Args:
        reason: What is wrong, with the place in the expression.
        position: The character, counted from 1, at which it is wrong.
        remedy: What to write instead, where that is known.
    """

    def __init__(self, reason: str, position: int, remedy: str | None = None) -> None:
        self.reason = reason
        self.position = position
        self.remedy = remedy
        super().__init__(f"{reason} (at character {position})")


def _nodes(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
        for child in node.get("children", ()):
            yield from _nodes(child)


def check_literals(text: str) -> None:
    """Refuse a number of which digits would be lost."""
    for number, position in lossy_figures(text):
        exact = f"write to_number('{number}')" if plain_number(number) is not None else None
        reason = f"the number {number} would lose digits between ` and `"
        raise InvalidExpression(reason, position, exact)


def check_functions(tree: Node, text: str) -> None:
    """Refuse a function that there is not, and too few or too many arguments."""
    for node in _nodes(tree):
        if node["type"] != "function_expression":
            continue
        name, given = node["value"], len(node["children"])
        if name not in FUNCTION_NAMES:
            near = nearest(name, FUNCTION_NAMES)
            remedy = f"did you mean {near}()?" if near else f"known: {', '.join(FUNCTION_NAMES)}"
            raise InvalidExpression(f"there is no function {name}()", _at(name, text), remedy)
        wanted, variadic = _ARITY[name]
        if given < wanted or (given > wanted and not variadic):
            takes = f"{'at least ' if variadic else ''}{wanted} argument{'s'[: wanted != 1]}"
            raise InvalidExpression(f"{name}() takes {takes}, not {given}", _at(name, text))


def check_references(tree: Node, text: str) -> None:
    """Refuse a reference anywhere but as the argument of a function that takes one."""
    places = [token["start"] for token in Lexer().tokenize(text) if token["type"] == "expref"]
    given = {id(node) for node in _given_references(tree)}
    for number, node in enumerate(each for each in _nodes(tree) if each["type"] == "expref"):
        if id(node) not in given:
            reason = "a reference (&) is no value; only functions such as sort_by() take one"
            raise InvalidExpression(reason, places[number] + 1, "take the & out")


def _given_references(tree: Node) -> Iterator[Node]:
    """Yield the arguments that stand where a function takes a reference."""
    for node in _nodes(tree):
        if node["type"] == "function_expression":
            signature = ExactFunctions.FUNCTION_TABLE[node["value"]]["signature"]
            for wanted, argument in zip(signature, node["children"], strict=False):
                if "expref" in wanted["types"]:
                    yield argument


def check_roots(tree: Node, text: str, variables: tuple[str, ...]) -> None:
    """Refuse a name that is looked up in the variables and is none of them."""
    for name in _roots(tree):
        if name not in variables:
            near = nearest(name, variables)
            known = " or ".join(variables)
            remedy = f"did you mean {near}?" if near else f"an expression starts from {known}"
            raise InvalidExpression(f"there is no {name} here", _at(name, text), remedy)


def _roots(node: Node) -> Iterator[str]:
    """Yield the names that are looked up in the variables themselves."""
    yield from (each["value"] for each in _sights(node) if each["type"] == "field")


def starts_from_nothing(tree: Node) -> bool:
    """Whether it comes to the same whatever it is evaluated over."""
    return not any(True for _ in _sights(tree))


def _sights(node: Node) -> Iterator[Node]:
    """Yield what looks at the variables: a name, or all of them (`@`, or nothing before a `[`)."""
    if node["type"] in ("field", "current", "identity"):
        yield node
    elif node["type"] in _ALL_CHILDREN:
        for child in node["children"]:
            yield from _sights(child)
    elif node["type"] in _FIRST_CHILD:
        yield from _sights(node["children"][0])


def _at(name: str, text: str) -> int:
    found = re.search(rf"(?<![\w.]){re.escape(name)}", text)
    return (found.start() if found else 0) + 1
