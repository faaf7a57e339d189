"""What the docstring of a settings type says about it and about each of its fields."""

import inspect
import re
from typing import Final

import msgspec

_SECTION: Final = re.compile(r"^[A-Z][A-Za-z ]+:$")
_FIELD: Final = re.compile(r"^    (\w+)(?: \([^)]*\))?: (.*)$")


def described(struct: type[msgspec.Struct]) -> tuple[str | None, dict[str, str]]:
    """Return a type's own description, and those of its fields by their attribute names.

    Fields are described where Google's style has them: in a section `Attributes:`.
    """
    lines = inspect.cleandoc(struct.__doc__ or "").splitlines()
    own: list[str] = []
    fields: dict[str, list[str]] = {}
    section, current = "", ""
    for line in lines:
        if _SECTION.match(line):
            section = line
        elif not section:
            own.append(line)
        elif section == "Attributes:":
            if found := _FIELD.match(line):
                current = found[1]
                fields[current] = [found[2]]
            elif current and line.strip():
                fields[current].append(line.strip())
    text = " ".join(" ".join(own).split())
    return text or None, {name: " ".join(parts) for name, parts in fields.items()}
