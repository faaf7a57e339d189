"""The few kinds of error, each with its machine code.

Every error's text is one sentence for the person who sees it. `code` is for machines and is what
`error.details.code` of an answer says; `retryable` says whether the same call can succeed later
with nothing changed.
"""

import math
from collections.abc import Iterable, Sequence
from typing import ClassVar

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong at one place.

    Attributes:
        path: Where, for instance `orders[0].order_items[2].quantity` or `spaces.acme.connector`.
        reason: What is wrong there.
        remedy: What to do about it, where that is not plain from the reason.
    """

    path: str
    reason: str
    remedy: str | None = None

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{where}{self.reason}" + (f" ({self.remedy})" if self.remedy else "")


class OmsMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """An OMS's own words about a failure: its code, where it gave one, and its text."""

    text: str
    code: str | None = None


class InvalidSettings(ValueError):
    """Raised by a `Settings.__post_init__`: several settings are wrong, each named by its path."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class MultiOrderError(Exception):
    """The base of every error of this package that ends as an answer or a message to a person."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __str__(self) -> str:
        return encodable(super().__str__())


class ConfigurationError(MultiOrderError):
    """`config.toml` can't be used; `problems` names all that is wrong with it."""

    code = "configuration"

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"{source} has {count}:{lines}")


class InvalidOrder(MultiOrderError):
    """The body is not a multi-order; `problems` names everything that is wrong with it.

    `order` is its id, as far as it could be read.
    """

    code = "invalid_order"

    def __init__(self, problems: Sequence[Problem], *, order: str | None = None) -> None:
        self.problems = tuple(problems)
        self.order = order
        first = str(self.problems[0])
        more = len(self.problems) - 1
        super().__init__(
            f"The multi-order can't be read: {first}" + (f"; and {more} more." if more else ".")
        )


class Unauthenticated(MultiOrderError):
    """The call does not prove that it comes from Nacelle for a space that we serve."""

    code = "unauthenticated"


class Forbidden(MultiOrderError):
    """The call is signed, but the space does not take orders from it."""

    code = "forbidden"


class Overloaded(MultiOrderError):
    """There are more calls under way than we were configured to take."""

    code = "overloaded"
    retryable = True


class ConnectorUnavailable(MultiOrderError):
    """The space's connector is installed but broken, so its orders can't be handled now."""

    code = "connector_unavailable"
    retryable = True


class Untransformable(MultiOrderError):
    """The order can't be expressed for this OMS. Raised by `Connector.transform`."""

    code = "untransformable"


class InternalError(MultiOrderError):
    """Something here broke; what, is in the log."""

    retryable = True


class HookFailed(MultiOrderError):
    """A package that has its say before an order is sent raised, or did not answer in time."""

    code = "hook_failed"
    retryable = True


class Vetoed(MultiOrderError):
    """A merchant's own package does not let the order through."""

    code = "vetoed"


class OrderChanged(MultiOrderError):
    """The order is, or may be, in the OMS already, and had other contents when it went there."""

    code = "order_changed"


class OrderAbandoned(MultiOrderError):
    """An operator gave the order up: it is not sent again by itself."""

    code = "order_abandoned"


class OmsError(MultiOrderError):
    """The base of what a connector says when an OMS did not simply take the order.

    Args:
        message: One sentence for a person.
        oms_errors: The OMS's own codes and texts, if it gave any.
    """

    retry_after: float | None = None

    def __init__(self, message: str, *, oms_errors: Iterable[OmsMessage] = ()) -> None:
        super().__init__(message)
        # A connector's slip here must not hide what it has to say of an order.
        self.oms_errors = tuple(map(_words, oms_errors))


class Refused(OmsError):
    """The OMS said no, and will say no again."""

    code = "oms_refused"


class RefTaken(Refused):
    """Another order stands in the OMS under our ref."""

    code = "ref_taken"


class Unavailable(OmsError):
    """The order is **certainly not created**: the OMS was not reached, or turned the call away.

    Args:
        message: One sentence for a person.
        oms_errors: The OMS's own codes and texts, if it gave any.
        retry_after: Seconds the OMS asked us to wait before the next try, if it did.
    """

    code = "oms_unavailable"
    retryable = True

    def __init__(
        self,
        message: str,
        *,
        oms_errors: Iterable[OmsMessage] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, oms_errors=oms_errors)
        self.retry_after = _sensible(retry_after)


class CredentialsRefused(Unavailable):
    """The OMS does not accept our credentials; trying again changes nothing until they do."""


class JournalUnavailable(Unavailable):
    """The journal can't be read or written, so nothing is sent to the OMS."""

    code = "journal_unavailable"


class OmsBusy(Unavailable):
    """The space's own limit on calls left no turn for this one in time; it was not sent."""

    code = "overloaded"


class CircuitOpen(Unavailable):
    """The OMS has not answered lately, so it was not called."""


class OutcomeUnknown(OmsError):
    """A create may have left us, and nothing tells whether the OMS took it."""

    code = "outcome_unknown"
    retryable = True


class NotKept(OmsError):
    """What was to be sent is not kept any more, and the call does not bring the same."""

    code = "not_kept"


class ConnectorFault(OmsError):
    """The connector broke before anything was sent that can create an order."""

    code = "internal"
    retryable = True


def code_of(error: MultiOrderError) -> str:
    """Return an error's code as the text that is kept, whatever a connector's own kind has for one."""
    return encodable(str(error.code))


def encodable(text: str) -> str:
    """Return a text that can be written down: JSON can bring half a character, which UTF-8 has not."""
    return text.encode("utf-8", "replace").decode()


def _words(said: object) -> OmsMessage:
    if not isinstance(said, OmsMessage):
        return OmsMessage(text=encodable(str(said)))
    code = None if said.code is None else encodable(str(said.code))
    return OmsMessage(text=encodable(str(said.text)), code=code)


def _sensible(seconds: object) -> float | None:
    if isinstance(seconds, int | float) and math.isfinite(seconds) and seconds > 0:
        return float(seconds)
    return None
