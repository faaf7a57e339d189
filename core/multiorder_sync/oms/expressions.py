"""JMESPath over an order's plain data, with exact numbers.

The jmespath library knows neither `Decimal` nor money: its functions refuse the one and its
literals are floats, so that a price of 1.10 would not equal `` `1.10` ``. Here every number that
takes part in a sum or a comparison is exact.
"""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Final

import jmespath
from jmespath import exceptions
from jmespath.functions import TYPES_MAP
from jmespath.visitor import Options, TreeInterpreter

from multiorder_sync.errors import Untransformable
from multiorder_sync.oms.exact_functions import ExactFunctions, compare, exact_number
from multiorder_sync.oms.expression_checks import (
    InvalidExpression,
    Node,
    check_functions,
    check_literals,
    check_references,
    check_roots,
    starts_from_nothing,
)

__all__ = ["VARIABLES", "Expression", "InvalidExpression"]

VARIABLES: Final = ("multi_order", "order")
"""What an expression is evaluated over, unless its owner gives it something else."""


class Expression:
    """A JMESPath expression, compiled once and evaluated for each order.

    Beside JMESPath's own functions there are `lower`, `upper` and `trim`, which leave a null as
    it is. `to_number` reads plain decimals only, and gives them exactly. Texts that are such numbers
    are ordered, added and rounded by what they are worth. A function that is given null gives null,
    unless it is there for that, as `not_null` is; a null in a list is not added, joined or ordered.

    Args:
        text: The expression.
        variables: The names that it may start from.

    Raises:
        InvalidExpression: If it is not JMESPath, calls a function that does not exist or with too
            few or too many arguments, starts from no variable, comes to a reference (`&…`), has a
            number that is not kept, or is the same for each order and can't be evaluated.
    """

    __slots__ = ("_interpreter", "_tree", "constant", "text")

    def __init__(self, text: str, variables: Iterable[str] = VARIABLES) -> None:
        self.text = text
        self._interpreter = _Interpreter()
        self._tree = _parsed(text)
        check_literals(text)
        check_functions(self._tree, text)
        check_references(self._tree, text)
        check_roots(self._tree, text, tuple(variables))
        self.constant = starts_from_nothing(self._tree)
        if self.constant:
            try:
                self.evaluate({})
            except Untransformable as error:
                raise InvalidExpression(str(error).removesuffix("."), 1) from None

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


def _article(kind: str) -> str:
    # jmespath names some types in its own words and some in Python's.
    kind = "number" if kind == "Decimal" else TYPES_MAP.get(kind, kind)
    return kind if kind in ("null", "unknown") else f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"
