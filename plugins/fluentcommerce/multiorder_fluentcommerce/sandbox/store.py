"""What the sandbox holds: the orders and customers it was sent, exactly as the API took them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from graphql import GraphQLInputObjectType

from multiorder_fluentcommerce.sandbox.refusal import Refusal
from multiorder_fluentcommerce.sandbox.rules import check_customer, check_known, check_order

_FIRST_ID: Final = 1001


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """One order or customer.

    Attributes:
        id: Its id, a number as Fluent's are.
        created_on: When it was created.
        status: Its status; the sandbox runs no workflow, so it stays what it was at first.
        input: What was sent.
        keys: What it is found by in a search.
    """

    id: str
    created_on: str
    status: str
    input: Mapping[str, Any]
    keys: Mapping[str, Any]

    def plain(self) -> dict[str, Any]:
        """Return what was sent with what the sandbox added, as plain data."""
        return {
            **self.input,
            "id": self.id,
            "status": self.status,
            "createdOn": self.created_on,
        }


class Store:
    """The entities of one account.

    Args:
        retailers: The ids of its retailers: numbers, as text.
        accept_duplicates: Whether an order is taken although its ref is in use. No setting of
            Fluent's does that: it lets a caller's own care be measured.

    Attributes:
        accept_duplicates: As given; it can be changed.
    """

    def __init__(self, retailers: Sequence[str], *, accept_duplicates: bool = False) -> None:
        self.accept_duplicates = accept_duplicates
        self._retailers = frozenset(retailers)
        self._last_id = _FIRST_ID - 1
        self._orders: dict[str, Entity] = {}
        self._orders_by_ref: dict[str, Entity] = {}
        self._customers: dict[str, Entity] = {}
        self._customers_by_username: dict[str, Entity] = {}
        self._emails: set[str] = set()

    @property
    def all_orders(self) -> Sequence[Entity]:
        """The orders, the oldest first."""
        return tuple(self._orders.values())

    @property
    def all_customers(self) -> Sequence[Entity]:
        """The customers, the oldest first."""
        return tuple(self._customers.values())

    @property
    def order_count(self) -> int:
        """How many orders there are."""
        return len(self._orders)

    def orders(self) -> list[dict[str, Any]]:
        """Return the orders as plain data, the oldest first."""
        return [order.plain() for order in self._orders.values()]

    def customers(self) -> list[dict[str, Any]]:
        """Return the customers as plain data, the oldest first."""
        return [customer.plain() for customer in self._customers.values()]

    def forget(self) -> None:
        """Forget all orders and customers. No id is given out again."""
        self._orders.clear()
        self._orders_by_ref.clear()
        self._customers.clear()
        self._customers_by_username.clear()
        self._emails.clear()

    def order(self, order_id: str | None, ref: str | None) -> Entity | None:
        """Return the order with an id, a ref, or both; the oldest, if there are several."""
        if order_id is not None:
            order = self._orders.get(order_id)
            return order if order and ref in {None, order.input["ref"]} else None
        return self._orders_by_ref.get(ref) if ref is not None else None

    def customer(self, customer_id: str) -> Entity:
        """Return the customer with an id, which exists."""
        return self._customers[customer_id]

    def customer_by_username(self, username: str) -> Entity | None:
        """Return the customer with a username, or None."""
        return self._customers_by_username.get(username)

    def create_customer(self, kind: GraphQLInputObjectType, customer: Mapping[str, Any]) -> Entity:
        """Create a customer.

        Raises:
            Refusal: If it breaks a rule.
        """
        check_customer(kind, customer)
        check_known("retailer", customer["retailer"]["id"], self._retailers)
        username, email = customer["username"], customer["primaryEmail"]
        if username in self._customers_by_username:
            raise Refusal("C0123E", "There is a customer with this username already.")
        if email in self._emails:
            raise Refusal("C0123E", "There is a customer with this primaryEmail already.")
        keys = {"ref": username, "username": username, "primaryEmail": email}
        kept = self._keep(self._customers, "ACTIVE", customer, keys)
        self._customers_by_username[username] = kept
        self._emails.add(email)
        return kept

    def create_order(self, kind: GraphQLInputObjectType, order: Mapping[str, Any]) -> Entity:
        """Create an order.

        Raises:
            Refusal: If it breaks a rule.
        """
        check_order(kind, order)
        retailer, ref = order["retailer"]["id"], order["ref"]
        check_known("retailer", retailer, self._retailers)
        check_known("customer", order["customer"]["id"], self._customers)
        if ref in self._orders_by_ref and not self.accept_duplicates:
            raise Refusal("C0121E", f"There is an order with the ref {ref} already.")
        keys = {"ref": ref, "type": order["type"], "retailerId": int(retailer)}
        kept = self._keep(self._orders, "CREATED", order, keys)
        self._orders_by_ref.setdefault(ref, kept)
        return kept

    def _keep(
        self,
        entities: dict[str, Entity],
        status: str,
        data: Mapping[str, Any],
        keys: Mapping[str, Any],
    ) -> Entity:
        self._last_id += 1
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        entity = Entity(
            id=str(self._last_id),
            created_on=now,
            status=status,
            input=data,
            keys={**keys, "status": status},
        )
        entities[entity.id] = entity
        return entity
