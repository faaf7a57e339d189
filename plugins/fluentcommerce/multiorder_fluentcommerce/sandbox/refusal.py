"""How Fluent refuses: a code, a text, and the place where the code stands."""

from typing import Any, Literal

ErrorStyle = Literal["top", "extensions", "message"]
"""Where an error carries its code.

Fluent's own integrations read it at the top of the error, its SDK under `extensions` or in the
text. Which of them a live account sends is not settled, so each can be had.
"""


class Refusal(Exception):
    """A business rule that a create breaks.

    Attributes:
        code: Fluent's code, for instance `C0121E`.
        message: One sentence for a person.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def worded(code: str, message: str, style: ErrorStyle) -> dict[str, Any]:
    """Return the part of a GraphQL error that says what was refused."""
    match style:
        case "top":
            return {"message": message, "code": code}
        case "extensions":
            return {"message": message, "extensions": {"code": code}}
        case "message":
            return {"message": f"{code}: {message}"}
