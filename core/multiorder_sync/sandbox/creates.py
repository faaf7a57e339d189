"""A record of the calls that were to create an order: when each came, and when it took effect."""

from datetime import UTC, datetime

import msgspec


class CreateCall(msgspec.Struct, kw_only=True):
    """One call that was to create an order.

    Attributes:
        ref: The order's reference in the OMS, as the call has it; None if it can't be told.
        arrived_at: When the call was there, before it met any fault.
        took_effect_at: When the OMS took the order by it: made one, or laid it over the one that
            it held; None if it did not.
    """

    ref: str | None
    arrived_at: datetime
    took_effect_at: datetime | None = None

    def take_effect(self) -> None:
        """Note that the OMS took the order by this call."""
        self.took_effect_at = datetime.now(UTC)


class CreateCalls:
    """Every such call that one sandbox was sent, in the order of their arrival."""

    def __init__(self) -> None:
        self._calls: list[CreateCall] = []

    def arrived(self, ref: str | None) -> CreateCall:
        """Note that a call is there, and return its record."""
        call = CreateCall(ref=ref, arrived_at=datetime.now(UTC))
        self._calls.append(call)
        return call

    def listed(self) -> list[CreateCall]:
        """Return the calls, the oldest first."""
        return list(self._calls)

    def forget(self) -> None:
        """Forget all of them."""
        self._calls.clear()
