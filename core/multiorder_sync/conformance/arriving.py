"""What becomes of amounts on their way to the OMS: read at the sandbox's door, digit by digit."""

import re
from collections.abc import Iterator
from typing import Final

from multiorder_sync.conformance.amounts import FINE, LONG, long_amounts
from multiorder_sync.conformance.bench import Bench
from multiorder_sync.conformance.corpus.building import Plain, item, multi_order, order
from multiorder_sync.conformance.payloads import AnySubmission, places_of
from multiorder_sync.conformance.scene import Ended, Scene
from multiorder_sync.conformance.standards import NotRun
from multiorder_sync.errors import Refused, Untransformable

_LESS: Final = "1234567.89"
"""For an OMS to which the long one is too much."""


def changed_on_their_way(bench: Bench) -> Iterator[str]:
    """Find amounts that the OMS is sent otherwise than Nacelle said them.

    Raises:
        NotRun: The transform refuses each order that there is for it.
    """
    yield from _price(bench)
    yield from _finer_price(bench)
    yield from _beside_the_price(bench)


def _price(bench: Bench) -> Iterator[str]:
    """Send a price of as many decimals as its currency has, which every OMS holds."""
    refusals = []
    for amount in (LONG, _LESS):
        made = bench.made_of(_of(amount))
        if made.submissions:
            yield from _unlike(bench, made.submissions[0], amount)
            return
        refusals.append(f"one line of {amount} AUD ({made.error!r:.200})")
    raise NotRun(f"transform refuses an order of {' and one of '.join(refusals)}")


def _finer_price(bench: Bench) -> Iterator[str]:
    """Send a price of more decimals; an OMS may refuse it, by name, and may not round it."""
    made = bench.made_of(_of(FINE))
    if isinstance(made.error, Untransformable):
        return
    if made.error is not None:
        yield f"of the amount {FINE}, transform raises {made.error!r:.200}, not Untransformable"
    elif made.submissions:
        yield from _unlike(bench, made.submissions[0], FINE, may_be_refused=True)


def _beside_the_price(bench: Bench) -> Iterator[str]:
    """Send tax, shipping, discount and payment of many digits, as the payload holds them."""
    for name, data in long_amounts(LONG).items():
        made = bench.made_of(data)
        if not made.submissions:  # there are OMSs which do not take as much
            continue
        submission = made.submissions[0]
        digits = _digits(LONG)  # of an amount that is held in cents, too
        if not any(digits in _digits(str(value)) for _, value in places_of(submission)):
            continue  # it is divided, or not carried: other checks look at that
        _, bodies = _sent(bench, submission)
        if bodies and not _is_in(bodies, LONG):
            yield f"of {name} of {LONG}, which the payload holds, the OMS was sent another one"


def _of(amount: str) -> Plain:
    return multi_order(order(items=[item(1, price=amount)], shipping=None))


def _unlike(
    bench: Bench, submission: AnySubmission, amount: str, *, may_be_refused: bool = False
) -> Iterator[str]:
    ended, bodies = _sent(bench, submission)
    if may_be_refused and isinstance(ended.error, Refused):
        return
    if not bodies:
        yield f"an order of {amount} AUD was not sent at all: submit {ended}"
    elif not _is_in(bodies, amount):
        near = re.findall(rf"{amount[:6]}[0-9.eE+]*".encode(), bodies[0])
        found = ", ".join(sorted({each.decode() for each in near})) or "nothing like it"
        yield f"of the amount {amount}, the OMS was sent {found}"


def _sent(bench: Bench, submission: AnySubmission) -> tuple[Ended, list[bytes]]:
    """Submit an order, and return how it ended, with the bodies of its calls that are no look-ups."""

    async def scene(opened: Scene) -> Ended:
        return await opened.submit(submission)

    ended = bench.stage.run(scene)
    return ended, [each.body for each in bench.stage.door.arrivals if each.writes]


def _is_in(bodies: list[bytes], amount: str) -> bool:
    digits = (amount.encode(), _digits(amount).encode())
    return any(each in body for each in digits for body in bodies)


def _digits(amount: str) -> str:
    return amount.replace(".", "")
