"""Ids of an order's parts: the same for the same order, and no two alike.

A save merges by them, so a part without a stable id of its own would be added by every repeat.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Final

# Manhattan takes the characters of an URL in an id and fails on them later; the escape of a quote
# in a search is not public. An id of these characters is safe everywhere.
_SAFE: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def order_id(ref: str) -> str:
    """Return an order's ref as an id that is safe: itself if it is, else one made of it.

    The same ref gives the same id always, and another ref another one.
    """
    if _SAFE.fullmatch(ref):
        return ref
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", ref).strip("-")[:60]
    return f"{readable}-{hashlib.sha256(ref.encode()).hexdigest()[:16]}"


def first_named(names: Iterable[str | None], otherwise: str) -> str:
    """Return the first name that is not blank: Manhattan takes a blank id for none."""
    return next((name for name in names if name and name.strip()), otherwise)


def free_id(name: str, used: set[str]) -> str:
    """Return a name that is not used yet, made of the one given, and count it as used."""
    free, number = name, 1
    while free in used:
        number += 1
        free = f"{name}-{number}"
    used.add(free)
    return free
