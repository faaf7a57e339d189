"""The bounds that `msgspec.Meta` sets to a value, each refused in words."""

import re
from decimal import Decimal
from typing import Any

import msgspec


def check_bounds(value: Any, meta: msgspec.Meta) -> None:
    """Refuse a value that is out of bounds.

    Raises:
        ValueError: With all the bounds, so that the next try is right.
    """
    if isinstance(value, int | float | Decimal):
        _check_number(value, meta)
    elif isinstance(value, str):
        _check_length(value, meta, "characters")
        if meta.pattern is not None and not re.search(meta.pattern, value):
            raise ValueError(f"must match {meta.pattern}")


def _check_number(value: Any, meta: msgspec.Meta) -> None:
    bounds = []
    kept = True
    if meta.ge is not None:
        bounds.append(f"at least {meta.ge}")
        kept &= value >= meta.ge
    if meta.gt is not None:
        bounds.append(f"more than {meta.gt}")
        kept &= value > meta.gt
    if meta.le is not None:
        bounds.append(f"at most {meta.le}")
        kept &= value <= meta.le
    if meta.lt is not None:
        bounds.append(f"less than {meta.lt}")
        kept &= value < meta.lt
    if meta.multiple_of is not None:
        bounds.append(f"a multiple of {meta.multiple_of}")
        kept &= Decimal(str(value)) % Decimal(str(meta.multiple_of)) == 0
    if not kept:
        raise ValueError(f"must be {' and '.join(bounds)}")


def _check_length(value: str, meta: msgspec.Meta, unit: str) -> None:
    if meta.min_length is not None and len(value) < meta.min_length:
        if not value:
            raise ValueError("must not be empty")
        raise ValueError(f"must have at least {meta.min_length} {unit}")
    if meta.max_length is not None and len(value) > meta.max_length:
        raise ValueError(f"must have at most {meta.max_length} {unit}")
