"""Texts in the lengths that Fluent documents; 255 holds where it states none."""

import re
from typing import Final

from multiorder_sync import Untransformable

NAME_LENGTH: Final = 50
PHONE_LENGTH: Final = 20
EMAIL_LENGTH: Final = 250
INSTRUCTION_LENGTH: Final = 250
TEXT_LENGTH: Final = 255


def short_phone(phone: str | None) -> str | None:
    """Return a phone number in Fluent's length, without what only makes it readable if need be."""
    if phone is None or len(phone) <= PHONE_LENGTH:
        return phone
    digits = re.sub(r"[^\d+]", "", phone)
    return digits if 0 < len(digits) <= PHONE_LENGTH else None


def fitting(text: str, length: int, what: str) -> str:
    """Return the text if Fluent can hold it; what matters is never cut.

    Raises:
        Untransformable: It is too long.
    """
    if len(text) > length:
        raise Untransformable(f"Fluent holds at most {length} characters of {what}.")
    return text


def needed(text: str, length: int, what: str) -> str:
    """Return a text that Fluent can't do without.

    Raises:
        Untransformable: It is blank or too long.
    """
    if not text.strip():
        raise Untransformable(f"Fluent takes no blank text as {what}.")
    return fitting(text, length, what)


def optional(text: str | None, length: int, what: str) -> str | None:
    """Return a text that there may be.

    Raises:
        Untransformable: It is too long.
    """
    return None if text is None else fitting(text, length, what)


def currency_code(code: str | None) -> str | None:
    """Return a currency as ISO 4217 writes it.

    Raises:
        Untransformable: It is longer than such a code.
    """
    return code and fitting(code.upper(), 3, "a currency")
