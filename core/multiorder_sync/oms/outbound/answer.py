"""What an OMS answered."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from multiorder_sync.errors import OmsMessage, OutcomeUnknown, Unavailable
from multiorder_sync.oms.outbound.call import Call
from multiorder_sync.oms.outbound.redaction import Redactor

T = TypeVar("T")

_EXCERPT_CHARACTERS: Final = 200
_EXCERPT_SOURCE_BYTES: Final = 8_192
_BLANK: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BOM: Final = b"\xef\xbb\xbf"


class Headers(Mapping[str, str]):
    """An answer's headers, read by any case; those that came several times joined by commas."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            before = self._values.get(key)
            self._values[key] = value if before is None else f"{before}, {value}"

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({', '.join(self._values)})"  # a value can be a cookie or a token


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A complete HTTP answer, of whatever status.

    Attributes:
        call: What was sent.
        status: The HTTP status.
        headers: Its headers.
        body: Its body, decompressed.
        retry_after: The seconds that the OMS asks us to wait, if it does.
        redactor: Takes secrets out of what is quoted from the answer.
    """

    call: Call
    status: int
    headers: Headers
    body: bytes
    redactor: Redactor
    retry_after: float | None = None

    def __repr__(self) -> str:
        return f"Answer({self.status} to {self.call.operation!r}, {len(self.body)} bytes)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:  # a Struct's own shows every field
        return [("operation", self.call.operation), ("status", self.status)]

    def json(self) -> dict[str, Any]:
        """Return the body as the JSON object that it should be.

        Raises:
            multiorder_sync.errors.OutcomeUnknown: It is none, and the call can create an order.
            multiorder_sync.errors.Unavailable: It is none, and the call can't.
        """
        found = json_object(self.body)
        if found is None:
            raise self.unexpected(f"sent a body that is not a JSON object{self._quoted()}")
        return found

    def decode(self, kind: type[T]) -> T:
        """Return the body as the JSON of a type: a Struct, or for instance a list of them.

        Args:
            kind: Anything that msgspec can decode into. Fields that it does not name are ignored.

        Raises:
            multiorder_sync.errors.OutcomeUnknown: It is none, and the call can create an order.
            multiorder_sync.errors.Unavailable: It is none, and the call can't.
        """
        try:
            return msgspec.json.decode(self.body.removeprefix(_BOM), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            reason = str(error)
        raise self.unexpected(
            f"sent a body that is not what it should be: {reason}{self._quoted()}"
        )

    def unexpected(
        self, reason: str, *, oms_errors: Sequence[OmsMessage] = ()
    ) -> OutcomeUnknown | Unavailable:
        """Build the error for an answer that does not tell what became of the call.

        Args:
            reason: What is wrong with it, to follow the host's name: "gave no order id".
            oms_errors: The OMS's own codes and texts, if the answer holds any.

        Returns:
            `OutcomeUnknown` if the call can create an order, else `Unavailable`; to be raised.
        """
        message = (
            f"{self.call.host} {self.redactor.redact(reason)} "
            f"(HTTP {self.status} to {self.call.operation})."
        )
        quoted = tuple(self._redacted(each) for each in oms_errors)
        if self.call.creates:
            return OutcomeUnknown(message, oms_errors=quoted)
        return Unavailable(message, oms_errors=quoted, retry_after=self.retry_after)

    def excerpt(self) -> str:
        """Return the beginning of the body for a message: one short line, without secrets."""
        return excerpt(self.body, self.redactor)

    def redact(self, text: str) -> str:
        """Return a text from the answer without secrets, for an error that the caller builds."""
        return self.redactor.redact(text)

    def _quoted(self) -> str:
        return f": {excerpt}" if (excerpt := self.excerpt()) else ""

    def _redacted(self, message: OmsMessage) -> OmsMessage:
        code = None if message.code is None else self.redact(message.code)
        return OmsMessage(text=self.redact(message.text), code=code)


def json_object(body: bytes) -> dict[str, Any] | None:
    """Return a body that is a JSON object in UTF-8, None if it is anything else."""
    try:
        found = msgspec.json.decode(body.removeprefix(_BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def excerpt(content: bytes, redactor: Redactor) -> str:
    """Return the beginning of some received bytes as one short line, without secrets."""
    head = content[: _EXCERPT_SOURCE_BYTES + redactor.longest]
    if b"\x00" in head:
        return f"{len(content)} bytes that are not text"
    text = redactor.redact(head.decode("utf-8", "replace"))
    if len(content) > len(head):
        # A secret that the cut went through is not recognised: leave out where it can stand.
        text = text[: -redactor.longest or None]
    line = _BLANK.sub(" ", text).strip()
    if len(line) <= _EXCERPT_CHARACTERS:
        return line
    return line[: _EXCERPT_CHARACTERS - 1] + "…"
