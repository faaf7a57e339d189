"""Ids of an order's parts: the same for the same order, and no two alike.

A save merges by them, so a part without a stable id of its own would be added by every repeat.
"""

from collections.abc import Iterable


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
