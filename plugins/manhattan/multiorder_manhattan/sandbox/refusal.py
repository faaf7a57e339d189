"""How Manhattan says no: by the fields that are wrong, or by one of its codes."""

from collections.abc import Sequence

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a request.

    Attributes:
        field: The name of the field, which Manhattan gives as the message's code.
        description: What is wrong with it, its place included.
    """

    field: str
    description: str


class Invalid(Exception):
    """A request that does not hold what an order must.

    Attributes:
        problems: All that is wrong with it.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.description for problem in problems))
        self.problems = tuple(problems)


class Refusal(Exception):
    """A request that Manhattan refuses by a code.

    Attributes:
        code: For instance `ord::10007`.
        description: One sentence for a person.
    """

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


def invalid(field: str, description: str) -> Invalid:
    """Return the refusal of a request for one problem."""
    return Invalid([Problem(field, description)])
