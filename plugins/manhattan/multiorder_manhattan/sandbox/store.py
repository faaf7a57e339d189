"""What the sandbox holds: each order as its saves have made it, beside what was sent."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from multiorder_manhattan.sandbox.charges import repeated_taxes
from multiorder_manhattan.sandbox.codes import Codes
from multiorder_manhattan.sandbox.envelope import as_json
from multiorder_manhattan.sandbox.merge import Merger
from multiorder_manhattan.sandbox.refusal import Invalid, Problem, Refusal
from multiorder_manhattan.sandbox.rules import imports, order_problems
from multiorder_manhattan.sandbox.schema import Schema
from multiorder_manhattan.sandbox.shape import read_order
from multiorder_manhattan.sandbox.totals import order_totals, payment_total

STATUSES: Final = (
    "1000",
    "1500",
    "1600",
    "2000",
    "3000",
    "3500",
    "3600",
    "3700",
    "7000",
    "7500",
    "8000",
    "8500",
    "9000",
)
"""The statuses that an order can be moved to: Open, …, Released (3000), …, Canceled (9000)."""

_RELEASED: Final = "3000"
"""From here on nothing may be modified. What may, and when, is the tenant's: this is one choice."""

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One order.

    Attributes:
        number: Which one it is, counted from the first.
        order: What the saves have made of it.
        sent: The saves that took effect, each as it was sent.
        status: How far it has come.
        version: The version that it was stamped with.
        created: When it was created.
        updated: When it was saved last.
    """

    number: int
    order: Mapping[str, Any]
    sent: tuple[Mapping[str, Any], ...]
    status: str
    version: str | None
    created: str
    updated: str


class Store:
    """The orders of one tenant.

    Args:
        schema: The entities.
        codes: The tenant's code sets.
        organization: The one that its user belongs to; None: any.
        merge_children: Whether a save updates the children that it names by their keys.
        accept_duplicates: Whether every save makes an order of its own, although its OrderId is
            in use. No setting of Manhattan's does that: it lets a caller's own care be measured.

    Attributes:
        accept_duplicates: As given; it can be changed.
    """

    def __init__(
        self,
        schema: Schema,
        codes: Codes,
        *,
        organization: str | None,
        merge_children: bool,
        accept_duplicates: bool = False,
    ) -> None:
        self.schema = schema
        self.accept_duplicates = accept_duplicates
        self._codes = codes
        self._organization = organization
        self._merger = Merger(schema, self._next_child_id, merge_children=merge_children)
        self._held: dict[int, Held] = {}
        self._numbers: dict[str, list[int]] = {}  # of the orders with an id, the oldest first
        self._last_order = 0
        self._last_generated = 0
        self._last_child = 0

    @property
    def all_held(self) -> list[Held]:
        """The orders, the oldest first."""
        return list(self._held.values())

    def find(self, order_id: str) -> Held | None:
        """Return the order with an id, or None; the oldest, if there are several."""
        return next(iter(self._of(order_id)), None)

    def find_all(self, order_ids: Iterable[str]) -> list[Held]:
        """Return those of the orders with some ids that there are, the oldest first."""
        found = [held for order_id in set(order_ids) for held in self._of(order_id)]
        return sorted(found, key=lambda held: held.number)

    def orders(self) -> list[msgspec.Raw]:
        """Return the orders with what was sent and what they come to, the oldest first."""
        return [
            as_json(
                {
                    "id": held.order["OrderId"],  # the name that all sandboxes list it by
                    "OrderId": held.order["OrderId"],
                    "status": held.status,
                    "order": held.order,
                    "sent": held.sent,
                    "totals": {
                        **order_totals(held.order).of_order(),
                        "PaymentTotal": payment_total(held.order),
                    },
                }
            )
            for held in self._held.values()
        ]

    def forget(self) -> None:
        """Forget all orders. No id is given out again."""
        self._held.clear()
        self._numbers.clear()

    def move(self, order_id: str, status: str) -> bool:
        """Move an order to a status, as its fulfilment would.

        Returns:
            Whether there is such an order.
        """
        held = self.find(order_id)
        if held is not None:
            self._held[held.number] = msgspec.structs.replace(held, status=status)
        return held is not None

    def save(self, data: Any) -> Held:
        """Create or update an order.

        Args:
            data: The decoded body.

        Raises:
            Invalid: If it is wrong; all that is wrong is named.
            Refusal: If the order that is held must not be updated by it.
        """
        sent = read_order(self.schema, self._codes, data)
        actions = sent.pop("OrderActions", None) or {}
        sent["OrderId"] = order_id = self._order_id(sent)
        held = None if self.accept_duplicates else self.find(order_id)
        version = _next_version(order_id, actions.get("VersionTimestamp"), held)
        order = self._merger.merged(self.schema.order, held.order if held else {}, sent)
        if held and held.order != order and held.status >= _RELEASED and not imports(actions):
            raise Refusal(
                "ord::10007",
                f"Order {order_id}: modification is not permitted at status {held.status}.",
            )
        problems = [
            *order_problems(self.schema, order, sent=sent, actions=actions, new=held is None),
            *repeated_taxes(sent),
            *self._organization_problems(sent),
        ]
        if problems:
            raise Invalid(problems)
        return self._keep(order_id, held, order, data, version)

    def _keep(
        self,
        order_id: str,
        held: Held | None,
        order: Mapping[str, Any],
        data: Mapping[str, Any],
        version: str | None,
    ) -> Held:
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
        if held is None:
            self._last_order += 1
            self._numbers.setdefault(order_id, []).append(self._last_order)
        kept = Held(
            number=held.number if held else self._last_order,
            order=order,
            sent=(*(held.sent if held else ()), data),
            status=held.status if held else STATUSES[0],
            version=version,
            created=held.created if held else now,
            updated=now,
        )
        self._held[kept.number] = kept
        return kept

    def _of(self, order_id: str) -> list[Held]:
        return [self._held[number] for number in self._numbers.get(order_id, ())]

    def _organization_problems(self, sent: Mapping[str, Any]) -> Iterator[Problem]:
        sent_one = sent.get("OrgId")
        if sent_one and self._organization not in {None, sent_one}:
            yield Problem("OrgId", f"OrgId {sent_one} is not the organization of the user.")

    def _order_id(self, sent: Mapping[str, Any]) -> str:
        """Return the id that was sent, or else a new one: Manhattan makes one up as well."""
        given: str | None = sent.get("OrderId")
        if given and given.strip():
            return given
        self._last_generated += 1
        return f"SANDBOX{self._last_generated:08}"

    def _next_child_id(self) -> str:
        self._last_child += 1
        return f"sandbox-{self._last_child}"


def _next_version(order_id: str, sent: str | None, held: Held | None) -> str | None:
    """Return the version that the order has after a save.

    A save without a version leaves the stamp. That a version can be stamped upon an order which
    was created without one, and that a create needs an integer too, is inferred.

    Raises:
        Refusal: If the version is no integer, or no higher one than the stamp.
    """
    stamped = held.version if held else None
    if sent is None:
        return stamped
    is_integer = _INTEGER.fullmatch(sent) is not None
    if not is_integer or (stamped is not None and int(sent) <= int(stamped)):
        raise Refusal(
            "10208",
            f"Order {order_id}, is bridged in with a stale/decremented or non integer version"
            f" - {sent}",
        )
    return sent
