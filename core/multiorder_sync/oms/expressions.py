"""JMESPath over an order's plain data, with exact numbers.

The jmespath library knows neither `Decimal` nor money: its functions refuse the one and its
literals are floats, so that a price of 1.10 would not equal `` `1.10` ``. Here every number that
takes part in a sum or a comparison is exact.
"""

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import jmespath
from jmespath import exceptions
from jmespath.functions import TYPES_MAP
from jmespath.visitor import Options, TreeInterpreter

from multiorder_sync.errors import Untransformable
from multiorder_sync.oms.exact_functions import (
    FUNCTION_NAMES,
    ExactFunctions,
    compare,
    exact_number,
    plain_number,
)
from multiorder_sync.oms.literals import lossy_figures
from multiorder_sync.reading import nearest

Node = dict[str, Any]

VARIABLES: Final = ("multi_order", "order")
"""What an expression is evaluated over, unless its owner gives it something else."""

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


class Expression:
    """A JMESPath expression, compiled once and evaluated for each order.

    Beside JMESPath's own functions there are `lower`, `upper` and `trim`, which leave a null as
    it is. `to_number` reads plain decimals only, and gives them exactly. Texts that are such numbers
    are ordered, and added, by what they are worth.

    Args:
        text: The expression.
        variables: The names that it may start from.

    Raises:
        InvalidExpression: If it is not JMESPath, calls a function that does not exist or with too
            few or too many arguments, starts from no variable, or has a number that is not kept.
    """

    __slots__ = ("_interpreter", "_tree", "text")

    def __init__(self, text: str, variables: Iterable[str] = VARIABLES) -> None:
        self.text = text
        self._interpreter = _Interpreter()
        self._tree = _parsed(text)
        _check_literals(text)
        _check_functions(self._tree, text)
        _check_roots(self._tree, text, tuple(variables))

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.text == other.text

    def __hash__(self) -> int:
        return hash((Expression, self.text))

    def evaluate(self, variables: Mapping[str, Any]) -> Any:
        """Return what the expression comes to; None where it finds nothing.

        Args:
            variables: Plain data by name, for instance `{"multi_order": …, "order": …}`.

        Raises:
            Untransformable: If a function is given what it does not take.
        """
        try:
            return self._interpreter.visit(self._tree, variables)  # type: ignore[arg-type]  # the stubs' node type is not importable
        except exceptions.JMESPathTypeError as error:
            reason = f"{error.function_name}() does not take {_article(error.actual_type)}"
        except RecursionError:
            reason = "it is nested too deeply"
        except (ValueError, TypeError, ArithmeticError, AttributeError) as error:
            reason = str(error)
        raise Untransformable(f"The expression {self.text} can't be evaluated: {reason}.")


class _Interpreter(TreeInterpreter):
    """Evaluates a parsed expression with exact comparisons and functions."""

    def __init__(self) -> None:
        super().__init__(Options(custom_functions=ExactFunctions()))

    def visit_comparator(self, node: Any, value: Any) -> Any:
        """Compare exactly; what has no order among its kind compares as null."""
        left = exact_number(self.visit(node["children"][0], value))
        right = exact_number(self.visit(node["children"][1], value))
        if node["value"] in ("eq", "ne"):
            return self.COMPARATOR_FUNC[node["value"]](left, right)
        return compare(node["value"], left, right)


def _parsed(text: str) -> Node:
    try:
        with warnings.catch_warnings():
            # A literal that is not JSON is an old spelling of a text, and nearly always a slip.
            warnings.simplefilter("error", PendingDeprecationWarning)
            tree: Node = _exact_literals(jmespath.compile(text).parsed)
            return tree
    except exceptions.EmptyExpressionError:
        raise InvalidExpression("the expression is empty", 1) from None
    except exceptions.IncompleteExpressionError:
        raise InvalidExpression("the expression ends too early", len(text) + 1) from None
    except exceptions.LexerError as error:
        reason = f"not JMESPath: {error.message}"
        raise InvalidExpression(reason, error.lexer_position + 1) from None
    except exceptions.ParseError as error:
        if error.token_type == "EOF":  # noqa: S105 - a kind of token, not a secret
            raise InvalidExpression("the expression ends too early", len(text) + 1) from None
        reason = f'not JMESPath: "{error.token_value}" can\'t stand there'
        raise InvalidExpression(reason, error.lex_position + 1) from None
    except PendingDeprecationWarning:
        position = text.find("`") + 1
        remedy = "write a text as 'text', and JSON between backticks"
        raise InvalidExpression(
            "what stands between ` and ` is not JSON", position, remedy
        ) from None
    except RecursionError:
        raise InvalidExpression("the expression is nested too deeply", 1) from None
    except ValueError as error:
        raise InvalidExpression(f"not JMESPath: {error}", 1) from None


def _exact_literals(node: Any) -> Any:
    """Return a copy of a tree with its numbers exact; jmespath caches and shares the tree."""
    if isinstance(node, dict):
        return {key: _exact_literals(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_exact_literals(value) for value in node]
    exact = exact_number(node)
    if isinstance(exact, float):
        raise ValueError("a number in it is too large, or is none")
    return exact


def _nodes(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
        for child in node.get("children", ()):
            yield from _nodes(child)


def _check_literals(text: str) -> None:
    for number, position in lossy_figures(text):
        exact = f"write to_number('{number}')" if plain_number(number) is not None else None
        reason = f"the number {number} would lose digits between ` and `"
        raise InvalidExpression(reason, position, exact)


def _check_functions(tree: Node, text: str) -> None:
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


def _check_roots(tree: Node, text: str, variables: tuple[str, ...]) -> None:
    for name in _roots(tree):
        if name not in variables:
            near = nearest(name, variables)
            known = " or ".join(variables)
            remedy = f"did you mean {near}?" if near else f"an expression starts from {known}"
            raise InvalidExpression(f"there is no {name} here", _at(name, text), remedy)


def _roots(node: Node) -> Iterator[str]:
    """Yield the names that are looked up in the variables themselves."""
    if node["type"] == "field":
        yield node["value"]
    elif node["type"] in _ALL_CHILDREN:
        for child in node["children"]:
            yield from _roots(child)
    elif node["type"] in _FIRST_CHILD:
        yield from _roots(node["children"][0])


def _at(name: str, text: str) -> int:
    found = re.search(rf"(?<![\w.]){re.escape(name)}", text)
    return (found.start() if found else 0) + 1


def _article(kind: str) -> str:
    # jmespath names some types in its own words and some in Python's.
    kind = "number" if kind == "Decimal" else TYPES_MAP.get(kind, kind)
    return kind if kind in ("null", "unknown") else f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"
