"""Received bytes to a `MultiOrder`, with every problem named by its path.

msgspec parses the JSON; what it lets through that must not reach an order is caught here: bytes
that are not UTF-8, nesting deep enough to exhaust a stack, keys given twice, numbers too large to
be money, and everything but plain decimal notation in an amount.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from multiorder_sync.errors import InvalidOrder, Problem
from multiorder_sync.nacelle.identity import identities, order_identity
from multiorder_sync.nacelle.inheritance import inherit
from multiorder_sync.nacelle.orders import AtLeast, MultiOrder
from multiorder_sync.reading import Leaf, StructReader, kind_of

RequiredFields = Literal["lenient", "strict"]

# As seconds, a time in the 52nd century: whoever sends more means milliseconds.
_MILLISECONDS: Final = 10**11

MAX_DEPTH: Final = 64
MAX_DIGITS: Final = 20
MAX_COUNT: Final = 2**31 - 1
MAX_PROBLEMS: Final = 100

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_NOT_STRUCTURE: Final = bytes(set(range(256)) - set(b"[]{}:"))
_PLAIN_DECIMAL: Final = re.compile(r"-?(\d+)(?:\.(\d+))?", re.ASCII)

# What Nacelle's reference marks required of a multi-order. The names of the scalars among them
# are inferred, so this is asked for only where a space says `required_fields = "strict"`.
_STRICT: Final = (
    "billing_address",
    "currency",
    "email",
    "payments",
    "price",
    "subtotal_price",
    "tax",
)


_TOO_DEEP: Final = f"it is nested more than {MAX_DEPTH} levels deep"

_NOT_TOLD_APART: Final = (
    "is missing, and no order's id or source_external_id and no payment's external_id tells this "
    "order from another one"
)


class OrderDecoder:
    """Decodes request bodies. Holds no state of a body; one serves all spaces."""

    def __init__(self) -> None:
        self._json = msgspec.json.Decoder(float_hook=_number)
        self._reader = StructReader(MultiOrder, _leaf_for)

    def decode(self, body: bytes, *, required_fields: RequiredFields = "lenient") -> MultiOrder:
        """Decode the bytes that Nacelle sent.

        A body that is a single order (without `orders`) is read as a multi-order of that one.

        Args:
            body: The raw bytes, as signed.
            required_fields: "strict" also asks for all that Nacelle's reference marks required.

        Raises:
            InvalidOrder: With every problem, named by its path.
        """
        data = self._parse(body)
        if "orders" not in data and ("order_items" in data or "items" in data):
            data = {**data, "orders": [data]}
        multi_order, problems = self._reader.read(data)
        if required_fields == "strict":
            # The reader has shown what came under an alias under its own name, too.
            problems += [
                Problem(name, "is missing") for name in _STRICT if data.get(name) in (None, "", [])
            ]
        if multi_order is not None:
            problems += _not_told_apart(multi_order)
        if multi_order is None or problems:
            raise InvalidOrder(problems[:MAX_PROBLEMS], order=_id_in(data))
        return inherit(multi_order)

    def _parse(self, body: bytes) -> dict[str, Any]:
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise _malformed(f"byte {error.start} is not valid UTF-8") from None
        try:
            data = self._json.decode(body)
        except RecursionError:
            raise _malformed(_TOO_DEEP) from None
        except (msgspec.MsgspecError, ValueError) as error:
            raise _malformed(str(error)) from None
        # Every string is known to end, so that matching them takes time in proportion to them.
        structure = _STRING.sub(b"", body).translate(None, _NOT_STRUCTURE)
        if _deeper_than(structure, MAX_DEPTH):
            raise _malformed(_TOO_DEEP)
        if not isinstance(data, dict):
            raise _malformed(f"it is {kind_of(data)}, not an object")
        if structure.count(b":") != _members(data):
            raise InvalidOrder([*_given_twice(body)][:MAX_PROBLEMS])
        return data


def _not_told_apart(multi_order: MultiOrder) -> Iterator[Problem]:
    """Find what would make two orders look like one."""
    if not identities(multi_order):
        yield Problem("id", _NOT_TOLD_APART)
        return
    seen: dict[str, int] = {}
    for index in range(len(multi_order.orders)):
        first = seen.setdefault(order_identity(multi_order, index), index)
        if first != index:
            yield Problem(f"orders[{index}].id", f"is the id of orders[{first}], too")


def _id_in(data: dict[str, Any]) -> str | None:
    """Return the order's id for the log, as far as it can be read."""
    found = data.get("id")
    return found[:100] if isinstance(found, str) else None


def _malformed(reason: str) -> InvalidOrder:
    return InvalidOrder([Problem("", f"the body is not a JSON object in UTF-8: {reason}")])


def _deeper_than(structure: bytes, limit: int) -> bool:
    if structure.count(b"[") + structure.count(b"{") <= limit:
        return False
    depth = 0
    for mark in structure:
        if mark in b"[{":
            depth += 1
            if depth > limit:
                return True
        elif mark in b"]}":
            depth -= 1
    return False


def _members(data: Any) -> int:
    """Count the members of all objects; fewer than there are colons means a key came twice."""
    count = 0
    pending = [data]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            count += len(value)
            pending += value.values()
        elif isinstance(value, list):
            pending += value
    return count


def _given_twice(body: bytes) -> Iterator[Problem]:
    repeated: list[str] = []

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        read = dict(members)
        if len(read) < len(members):
            counts = Counter(key for key, _ in members)
            repeated.extend(key for key, count in counts.items() if count > 1)
        return read

    json.loads(body, object_pairs_hook=pairs, parse_int=str)
    for key in repeated:
        yield Problem(key, "is given twice in one object, so it can't be told which one counts")


def _number(literal: str) -> Decimal | float:
    """Read a number with a fraction or an exponent; amounts take only the `Decimal`."""
    if _PLAIN_DECIMAL.fullmatch(literal) and len(literal) <= 2 * MAX_DIGITS:
        return Decimal(literal)
    number = float(literal)
    if math.isinf(number):
        raise ValueError(f"the number {literal[:30]} is too large")
    return number


def _leaf_for(hint: Any, metadata: tuple[Any, ...]) -> Leaf:
    leaves: dict[Any, Leaf] = {
        str: _text,
        int: _count,
        Decimal: _amount,
        datetime: _time,
        dict[str, Any]: _map,
        Any: lambda value: value,
    }
    leaf = leaves[hint]
    for extra in metadata:
        if isinstance(extra, AtLeast):
            leaf = _at_least(leaf, extra.least)
    return leaf


def _at_least(leaf: Leaf, least: int) -> Leaf:
    reason = f"must be at least {least}" if least else "must not be negative"

    def read(value: Any) -> Any:
        number = leaf(value)
        if number is not None and number < least:
            raise ValueError(reason)
        return number

    return read


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        raise ValueError(f"must be a string, not {kind_of(value)}")
    if "\0" in value:
        raise ValueError("must not hold the character U+0000")
    return value or None


def _count(value: Any) -> int:
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        fraction = isinstance(value, Decimal | float)
        raise ValueError(
            f"must be a whole number, not {'a fraction' if fraction else kind_of(value)}"
        )
    if abs(value) > MAX_COUNT:
        raise ValueError(f"must be at most {MAX_COUNT}")
    return value


def _amount(value: Any) -> Decimal | None:
    if value == "":
        return None
    if isinstance(value, float):
        raise ValueError("must be in plain decimal notation, for instance 140.00")
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(f"must be a decimal string, not {kind_of(value)}")
    plain = _PLAIN_DECIMAL.fullmatch(_written(value))
    if not plain:
        raise ValueError("must be a plain decimal, for instance 140.00")
    if len(plain[1].lstrip("0")) + len(plain[2] or "") > MAX_DIGITS:
        raise ValueError(f"must have at most {MAX_DIGITS} digits")
    return Decimal(plain[0])


def _written(value: str | int | Decimal) -> str:
    """Write an amount's digits; of a whole number that is too long, only as many as show it."""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**MAX_DIGITS else "9" * (MAX_DIGITS + 1)
    return value if isinstance(value, str) else f"{value:f}"


def _time(value: Any) -> datetime | None:
    """Read RFC 3339 or Unix time (Nacelle shows both); without a zone it is UTC."""
    if value == "":
        return None
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(value)
            return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            seconds = float(value)
            return datetime.fromtimestamp(seconds / (1000 if seconds > _MILLISECONDS else 1), UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise ValueError("must be a time like 2026-11-24T09:30:00Z")


def _map(value: Any) -> dict[str, Any]:
    """Read map-like data; the mapper pages show an array where the reference has an object."""
    if value == "":
        return {}
    if isinstance(value, list):
        return {str(index): entry for index, entry in enumerate(value)}
    if not isinstance(value, dict):
        raise ValueError(f"must be an object, not {kind_of(value)}")
    return value
