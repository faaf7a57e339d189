"""docs/reference.md, made from the public names and their docstrings: `make reference` writes it."""

import inspect
import re
import sys
import types
from datetime import datetime
from decimal import Decimal
from enum import EnumType
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import NODEFAULT

import multiorder_sync
from multiorder_sync import sandbox
from multiorder_sync.nacelle import orders
from multiorder_sync.reading import Aliases

FILE = Path(__file__).parents[1] / "docs" / "reference.md"

SUBJECTS = {
    "The contract": [
        "API_VERSION", "Connector", "Context", "PricePolicy", "DuplicateGuard", "Submission",
        "Receipt", "Secret",
    ],
    "The order": [
        "MultiOrder", "Order", "OrderItem", "Address", "Customer", "ShippingRate", "Discount",
        "Promotion", "Payment", "TaxData", "TaxTotals", "TaxEntry", "TaxBreakdown", "Fulfillment",
        "FulfillmentOrderItem", "OrderDecoder",
    ],
    "Money": ["figures_of", "Figures", "LineFigures", "apportion", "currency_exponent", "smallest_unit"],
    "Payments": ["payments_by_order", "PaymentShare"],
    "Who, and under which name": [
        "contact_at", "Contact", "one_shopper", "order_identity", "order_key", "fingerprint",
    ],
    "Expressions and ways to the shopper": [
        "Expression", "Destinations", "Destination", "ITEM_VARIABLES", "PICKUP_LOCATION", "DIGITAL",
    ],
    "Calls": ["OutboundClient", "Call", "Answer", "TokenSource", "PasswordGrant"],
    "Errors": [
        "OmsError", "Refused", "RefTaken", "Unavailable", "CredentialsRefused", "OutcomeUnknown",
        "Untransformable", "OmsMessage", "InvalidSettings", "ConfigurationError", "Problem",
    ],
    "Hooks": ["hookimpl", "Settlement", "SubmissionResult", "SubmissionState"],
}  # fmt: skip
"""Every public name, by what it is about, and the types of which there are only fields."""

PARTS = {"TaxTotals", "TaxEntry", "TaxBreakdown", "FulfillmentOrderItem"}
"""What is no public name, and read off what it is a part of."""

SAID = {
    "API_VERSION": "The version of the contract that this multiorder-sync has.",
    "ITEM_VARIABLES": "What an expression about a line may start from; see `Expression`.",
    "PICKUP_LOCATION": "The expression that finds where a line is collected, if a merchant sets none.",
    "DIGITAL": "The expression that finds whether a line is not shipped, if a merchant sets none.",
    "hookimpl": "Marks a function as one of the hooks; see [hooks](plugin-author.md#hooks-for-a-merchants-own-rules).",
}  # fmt: skip
"""What has no docstring of its own."""

HEAD = """\
# Reference for plugin authors

Every public name of `multiorder_sync` and `multiorder_sync.sandbox`. This page is made from their docstrings
(`make reference`); [plugin-author.md](plugin-author.md) says what they are for.

"""
_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Yields):$")
_ENTRY = re.compile(r"^    (\*{0,2}\w[\w.]*): (.*)$")
_MODULES = re.compile(
    r"\b(?:multiorder_sync|collections|decimal|datetime|typing|starlette|enum)\.(?:\w+\.)*"
)


def text():
    """Return the page."""
    lines = [HEAD]
    lines += [
        f"- [{subject}](#{_anchor(subject)})\n" for subject in (*SUBJECTS, "The sandbox frame")
    ]
    for subject, names in SUBJECTS.items():
        lines.append(f"\n## {subject}\n")
        for name in names:
            owner = orders if name in PARTS else multiorder_sync
            lines += _told(name, getattr(owner, name))
    lines.append("\n## The sandbox frame\n\nAll of it is in `multiorder_sync.sandbox`.\n")
    for name in sandbox.__all__:
        lines += _told(name, getattr(sandbox, name))
    return re.sub(r"\n{3,}", "\n\n", "".join(lines)).rstrip() + "\n"


def _told(name, value):
    yield f"\n### `{name}`\n\n"
    if name in SAID:
        yield f"{SAID[name]}\n"
        if isinstance(value, str | int | tuple):
            yield f"\n```\n{value!r}\n```\n"
        return
    is_struct = isinstance(value, type) and issubclass(value, msgspec.Struct)
    if (
        not is_struct
        and not isinstance(value, EnumType)
        and not getattr(value, "_is_protocol", False)
    ):
        yield f"```\n{name}{_signature(value)}\n```\n\n"
    yield from _docstring(value, is_struct)
    if isinstance(value, EnumType):
        yield "\nOne of " + ", ".join(f"`{each.name}`" for each in value) + ".\n"
    if isinstance(value, type):
        yield from _members(value)


def _docstring(value, is_struct):
    described = {}
    section = ""
    for line in inspect.cleandoc(value.__doc__ or "").splitlines():
        if found := _SECTION.match(line):
            section = found[1]
            if not (is_struct and section == "Attributes"):
                yield f"**{section}**\n\n"
        elif is_struct and section == "Attributes":
            if entry := _ENTRY.match(line):
                last = entry[1]
                described[last] = entry[2]
            elif line.strip():
                described[last] += f" {line.strip()}"
        elif section and (entry := _ENTRY.match(line)):
            yield f"- `{entry[1]}`: {entry[2]}\n"
        elif section and line.startswith("        "):
            yield f"  {line.strip()}\n"
        else:
            yield f"{line.strip() if section else line}\n"
    if is_struct:
        yield from _fields(value, described)


def _fields(struct, described):
    hints = get_type_hints(struct, include_extras=True)
    yield "\n| field | type | |\n|---|---|---|\n"
    for field in msgspec.structs.fields(struct):
        said = described.get(field.name, "")
        also = [
            name
            for extra in get_args(hints[field.name])[1:]
            if isinstance(extra, Aliases)
            for name in extra.names
        ]
        if also:
            said += f"{' ' if said else ''}Also read as {', '.join(f'`{name}`' for name in also)}."
        needed = field.default is NODEFAULT and field.default_factory is NODEFAULT
        kind = _type(hints[field.name]).replace("|", "\\|")
        yield f"| `{field.name}`{' (required)' if needed else ''} | `{kind}` | {said} |\n"


def _members(value):
    for name, member in vars(value).items():
        if name.startswith("_") or not getattr(member, "__doc__", None):
            continue
        if isinstance(member, property):
            yield f"\n`{name}`: {_first(member)}\n"
        elif inspect.isfunction(member) or isinstance(member, classmethod | staticmethod):
            function = member if inspect.isfunction(member) else getattr(value, name)
            start = "async " if inspect.iscoroutinefunction(function) else ""
            yield f"\n`{start}{name}{_signature(function)}`: {_first(member)}\n"


def _first(member):
    return inspect.cleandoc(member.__doc__).partition("\n\n")[0].replace("\n", " ")


def _signature(value):
    try:
        # Python 3.13 has another name for where a Path is from.
        made = str(inspect.signature(value)).replace("pathlib._local.", "pathlib.")
    except ValueError:
        return "(…)"
    made = made.replace("(self, ", "(").replace("(self)", "()").replace("'", "")
    # What has no notation of its own, and type variables.
    made = re.sub(r"<function .*?>|<object .*?>", "…", made).replace("~", "")
    return _MODULES.sub("", made)


def _type(hint):
    if get_origin(hint) is Annotated:
        return _type(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return " | ".join(_type(each) for each in get_args(hint))
    if hint is type(None):
        return "None"
    if hint in (Decimal, datetime, Any) or not get_args(hint):
        return getattr(hint, "__name__", str(hint))
    inner = ", ".join("…" if each is ... else _type(each) for each in get_args(hint))
    return f"{getattr(get_origin(hint), '__name__', get_origin(hint))}[{inner}]"


def _anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
    sys.stdout.write(f"{FILE} is written.\n")
