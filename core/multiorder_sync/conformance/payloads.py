"""Payloads as flat tables of places and values, so that two can be compared."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

import msgspec

from multiorder_sync.outcome import Submission

AnySubmission = Submission[Any]

Listing = list[list[str]]
"""All that submissions say, as pairs of places and texts."""

_KEPT: Final = (Decimal, datetime, date, time, bytes)


def places_of(submission: AnySubmission) -> list[tuple[str, Any]]:
    """Return every place of a payload with its value, in the payload's own order.

    An entry of a list that has a name, as attributes do, is called by it: `attributes[channel]`.
    """
    return list(flat(plain(submission.payload), ""))


def listed(submissions: Sequence[AnySubmission]) -> Listing:
    """Return all that submissions say."""
    found = []
    for number, submission in enumerate(submissions):
        said = {"ref": submission.ref, "fingerprint": submission.fingerprint}
        said |= {"orders": repr(submission.orders), "notes": repr(submission.notes)}
        pairs = [*said.items(), *places_of(submission)]
        found += [[f"submissions[{number}].{place}", f"{value!r}"] for place, value in pairs]
    return found


def plain(payload: Any) -> Any:
    """Return a payload as plain data; amounts and times stay what they are."""
    try:
        return msgspec.to_builtins(payload, builtin_types=_KEPT)
    except (TypeError, ValueError, RecursionError):
        return None  # it can't be kept either, and a check of its own says so


def moved(before: Sequence[AnySubmission], after: Sequence[AnySubmission]) -> set[str]:
    """Return the places whose values differ between two transforms, the fingerprints' left out."""
    return differing(by_place(before), by_place(after))


def differing(one: Mapping[str, list[str]], other: Mapping[str, list[str]]) -> set[str]:
    """Return the places whose values differ between two such tables."""
    return {place for place in one.keys() | other.keys() if one.get(place) != other.get(place)}


def by_place(submissions: Sequence[AnySubmission]) -> dict[str, list[str]]:
    """Return the values of each place, as texts, but those that hold the fingerprint."""
    found: dict[str, list[str]] = {}
    for number, submission in enumerate(submissions):
        prefix = f"{number}: " if len(submissions) > 1 else ""
        for place, value in places_of(submission):
            if submission.fingerprint not in str(value):
                found.setdefault(prefix + place, []).append(f"{value!r}")
    return found


def renamed_in(before: Sequence[AnySubmission], after: Sequence[AnySubmission]) -> dict[str, str]:
    """Return the refs that are others after, each with what it was before."""
    pairs = zip(after, before, strict=False)
    return {new.ref: old.ref for new, old in pairs if new.ref != old.ref}


def with_refs(table: Mapping[str, list[str]], renamed: Mapping[str, str]) -> dict[str, list[str]]:
    """Return such a table in which the refs are what they were before."""
    found = {}
    for place, values in table.items():
        for new, old in renamed.items():
            values = [value.replace(new, old) for value in values]  # noqa: PLW2901 - one by one
        found[place] = values
    return found


def flat(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Yield every place of plain data with its value, as `places_of` does."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flat(inner, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from flat(inner, f"{place}[{name_of(inner)}]")
    else:
        yield place, value


def name_of(entry: Any) -> str:
    """Return the name of an entry that is one name with one value; else nothing."""
    if not isinstance(entry, dict):
        return ""
    names = [key for key in entry if isinstance(key, str) and key.lower().endswith("name")]
    values = [key for key in entry if isinstance(key, str) and key.lower().endswith("value")]
    return str(entry[names[0]]) if len(names) == 1 and len(values) == 1 else ""
