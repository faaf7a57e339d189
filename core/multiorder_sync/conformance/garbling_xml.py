"""Answers in XML with an element, an attribute or a text changed."""

import copy
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree as ET

import msgspec

VARIANTS: Final = 4
"""In how many ways each place can be changed."""

_TEXTS: Final = (None, "", "text", "17")
_ANOTHER: Final = "another"


class Place(msgspec.Struct, frozen=True):
    """A place in a document.

    Attributes:
        path: The numbers of the children that lead to the element.
        called: What it is called.
        attribute: Which attribute of the element it is; None if it is none.
        text: Whether it is the element's text.
    """

    path: tuple[int, ...]
    called: str
    attribute: str | None = None
    text: bool = False


def places(root: ET.Element) -> Iterator[Place]:
    """Yield every place; of children of one name, those of the first."""
    return _places(root, (), root.tag)


def changed(root: ET.Element, place: Place, variant: int) -> tuple[str, bytes]:
    """Return what was changed, in words, and the document with it; the root itself is spoiled.

    Args:
        root: Of the document.
        place: What is changed.
        variant: In which way, below `VARIANTS`.
    """
    parent, element = root, root
    for number in place.path:
        parent, element = element, element[number]
    if place.attribute is None and not place.text:
        return _with_element(root, parent, element, place.called, variant)
    value = _TEXTS[variant]
    if place.text:
        element.text = value
    elif value is None:
        del element.attrib[place.attribute or ""]
    else:
        element.set(place.attribute or "", value)
    words = "is left out" if value is None else f"is {value!r}"
    return f"{place.called} {words}", ET.tostring(root)


def _with_element(
    root: ET.Element, parent: ET.Element, element: ET.Element, called: str, variant: int
) -> tuple[str, bytes]:
    if variant == 1:
        element.clear()
        return f"{called} is empty", ET.tostring(root)
    if variant == 2:
        element.tag = _ANOTHER
        return f"{called} is called {_ANOTHER}", ET.tostring(root)
    if element is root:
        if variant == 0:
            return f"{called} is left out", b""
        whole = ET.Element(_ANOTHER)
        whole.append(root)
        return f"{called} is within {_ANOTHER}", ET.tostring(whole)
    if variant == 0:
        parent.remove(element)
        return f"{called} is left out", ET.tostring(root)
    parent.append(copy.deepcopy(element))
    return f"{called} is there twice", ET.tostring(root)


def _places(element: ET.Element, path: tuple[int, ...], called: str) -> Iterator[Place]:
    yield Place(path, called)
    for name in element.attrib:
        yield Place(path, f"{called}.@{name}", attribute=name)
    if (element.text or "").strip():
        yield Place(path, f"the text of {called}", text=True)
    seen = set()
    for number, child in enumerate(element):
        if child.tag not in seen:
            seen.add(child.tag)
            yield from _places(child, (*path, number), f"{called}.{child.tag}")
