"""Plain data as a document: the ways to its values, and copies with some of them changed."""

import copy
import re
from collections.abc import Iterator
from typing import Any, Final

Path = tuple[str | int, ...]
"""The keys and indexes that lead to a value of a document."""

_INDEX: Final = re.compile(r"\[\d+\]")


class Draft:
    """A copy of a document, to be changed. What is not changed is shared with the original.

    Args:
        document: The original, which stays as it is.
    """

    def __init__(self, document: Any) -> None:
        self.document = copy.copy(document)
        self._own = {id(self.document)}

    def set(self, path: Path, value: Any) -> None:
        """Put another value at a path."""
        self._container(path)[path[-1]] = value

    def remove(self, path: Path) -> None:
        """Take a field out; nothing happens if it is out already."""
        if at(self.document, path) is not None:
            del self._container(path)[path[-1]]

    def _container(self, path: Path) -> Any:
        inner = self.document
        for step in path[:-1]:
            if id(inner[step]) not in self._own:
                inner[step] = copy.copy(inner[step])
                self._own.add(id(inner[step]))
            inner = inner[step]
        return inner


def at(document: Any, path: Path) -> Any:
    """Return the value at a path, None if there is none."""
    for step in path:
        if isinstance(document, dict) and isinstance(step, str):
            document = document.get(step)
        elif isinstance(document, list) and isinstance(step, int) and step < len(document):
            document = document[step]
        else:
            return None
    return document


def leaves(document: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value of a document that is neither an object nor a list, with the way to it."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from leaves(value, (*path, key))
    elif isinstance(document, list | tuple):
        for index, value in enumerate(document):
            yield from leaves(value, (*path, index))
    elif document is not None:
        yield path, document


def written(path: Path) -> str:
    """Return a path as the guides write it: `orders[0].order_items[1].sku`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def without_indexes(text: str) -> str:
    """Return a written path for every entry of the lists on its way: `orders[].order_items[].sku`."""
    return _INDEX.sub("[]", text)
