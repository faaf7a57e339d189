"""The numbers that stand in an expression itself.

The jmespath library reads its literals as JSON with floats, before anyone can have a say. The figure
that a float is written as is the one that stood there, unless that had more digits than a float holds.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from jmespath.lexer import Lexer

_LITERAL: Final = re.compile(r"`((?:\\.|[^`\\])*)`", re.DOTALL)


class Figure(NamedTuple):
    """A number as it is written in an expression.

    Attributes:
        text: The number.
        position: The character at which it stands, counted from 1.
    """

    text: str
    position: int


def lossy_figures(expression: str) -> Iterator[Figure]:
    """Yield the numbers of an expression that can be compiled, and of which digits would be lost."""
    for token in Lexer().tokenize(expression):
        literal = _LITERAL.match(expression, token["start"])
        if token["type"] == "literal" and literal:
            for text in _fractions(literal[1].replace("\\`", "`")):
                if Decimal(text) != Decimal(repr(float(text))):
                    yield Figure(text, expression.index(text, literal.start()) + 1)


def _fractions(literal: str) -> list[str]:
    """Return the numbers of a JSON text that are read as floats."""
    found: list[str] = []
    json.loads(literal, parse_float=found.append, parse_constant=lambda _: None)
    return found
