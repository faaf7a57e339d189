"""What the three books say, as values: times are seconds since 1970, by one clock."""

from typing import Literal

import msgspec

IN_DOUBT = {"sending", "unknown"}
"""The states of a submission that may be in the OMS, or not."""

OUT = {"ready", "refused"}
"""The states of a submission that is not in the OMS."""


class Space(msgspec.Struct, frozen=True, kw_only=True):
    """A space that is judged.

    Attributes:
        id: Nacelle's space id.
        oms: The OMS that it sends to, by the connector's name.
        on_outage: What it promises when the OMS is out of reach.
        guarded: Whether the OMS keeps a second create from making a second order.
    """

    id: str
    oms: str
    on_outage: Literal["fail", "queue"]
    guarded: bool = True


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call for an order.

    Attributes:
        order: The order's key.
        request_id: What the server calls it.
        server: Which one was called.
        variant: Which contents it brought.
        deadline: Within how many seconds its server is to answer.
        start: When it began.
        end: When it was answered, broke, or was given up.
        how: How it ended: the connection broke, or we hung up before there was an answer.
        status: What it was answered.
        code: The failure's machine code.
        states: What the answer says of each order: its ref to its state.
        whole: Whether a success brought back the very bytes that were sent.
    """

    order: str
    request_id: str
    server: str
    variant: int
    deadline: float
    start: float
    end: float
    how: Literal["answered", "broken", "hung up"] = "answered"
    status: int | None = None
    code: str | None = None
    states: dict[str, str] = {}
    whole: bool = True

    @property
    def failed(self):
        """Whether a failure was answered."""
        return self.how == "answered" and self.status != 200

    @property
    def succeeded(self):
        """Whether a success was answered."""
        return self.how == "answered" and self.status == 200


class Standstill(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which a server took no calls though they could come: it was not let run, or starting.

    Those that come meanwhile wait, and are taken when it is over.
    """

    server: str
    start: float
    end: float

    def held(self, call):
        """Tell whether it held a call up."""
        return self.server == call.server and self.start <= call.end and call.start <= self.end


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A submission, as the journal has it."""

    ref: str
    state: str
    sent_at: float | None = None
    oms_id: str | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An order, as the journal has it.

    Attributes:
        space: For which it came.
        state: What became of it.
        told_status: What Nacelle was told last.
        claimed: Whether somebody has it in hand.
        due: Whether it is to be taken up again.
        submissions: Of its orders.
        answers: What Nacelle was told: request id, status.
        answered_at: When, by the request id.
        alarms: The kinds that were raised.
        attempts: The calls to the connector, for the story: time, ref, action, caller, result.
    """

    space: str
    state: str
    told_status: int | None = None
    claimed: bool = False
    due: bool = False
    submissions: tuple[Submission, ...] = ()
    answers: tuple[tuple[str, int], ...] = ()
    answered_at: dict[str, float] = {}
    alarms: tuple[str, ...] = ()
    attempts: tuple[tuple[float, str, str, str, str], ...] = ()


class Create(msgspec.Struct, frozen=True, kw_only=True):
    """A call that was to create an order, as the OMS saw it come."""

    ref: str | None
    arrived: float
    took_effect: float | None = None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An order in the OMS.

    Attributes:
        oms: Which one that is, by the connector's name.
        ref: Its reference.
        oms_id: Its id.
        variant: Which contents it has.
        lines: How many lines it has; each was sent with one.
    """

    oms: str
    ref: str
    oms_id: str
    variant: int
    lines: int = 1


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """An order that Nacelle had to send."""

    space: Space
    key: str
    refs: tuple[str, ...]


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """The three books, and which orders they are about.

    Attributes:
        orders: Those that were sent.
        calls: What was sent and how it was answered.
        journal: Key to what the journal has of the order.
        creates: What the OMSs were asked.
        held: What the OMSs hold.
        standstills: When servers were not let run, or starting.
    """

    orders: tuple[Sent, ...]
    calls: tuple[Call, ...] = ()
    journal: dict[str, Record] = {}
    creates: tuple[Create, ...] = ()
    held: tuple[Held, ...] = ()
    standstills: tuple[Standstill, ...] = ()


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What the books say of one order."""

    sent: Sent
    calls: tuple[Call, ...]
    record: Record | None
    creates: tuple[Create, ...]
    held: tuple[Held, ...]
    standstills: tuple[Standstill, ...]


def stories(books):
    """Yield what the books say of each order."""
    calls, creates, held = {}, {}, {}
    for call in sorted(books.calls, key=lambda call: call.start):
        calls.setdefault(call.order, []).append(call)
    for create in books.creates:
        creates.setdefault(create.ref, []).append(create)
    for each in books.held:
        held.setdefault(each.ref, []).append(each)
    for sent in books.orders:
        yield Story(
            sent=sent,
            calls=tuple(calls.get(sent.key, ())),
            record=books.journal.get(sent.key),
            creates=tuple(each for ref in sent.refs for each in creates.get(ref, ())),
            held=tuple(each for ref in sent.refs for each in held.get(ref, ())),
            standstills=books.standstills,
        )
