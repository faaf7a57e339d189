"""The GraphQL schema with what its root fields do."""

from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

import msgspec
from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    build_schema,
)

from multiorder_fluentcommerce.sandbox.pages import connection
from multiorder_fluentcommerce.sandbox.refusal import Refusal
from multiorder_fluentcommerce.sandbox.store import Entity, Store
from multiorder_fluentcommerce.sandbox.views import (
    View,
    customer_view,
    order_view,
    retailer_view,
)

OPERATIONS: Final = (
    "createCustomer",
    "createOrder",
    "customer",
    "customers",
    "me",
    "order",
    "orders",
)
"""The root fields."""


class Root(msgspec.Struct, frozen=True):
    """What stands behind the root fields.

    Attributes:
        schema: The schema.
        store: What the sandbox holds.
        username: The one user, who is whoever has a token.
        retailer_id: The user's primary retailer.
    """

    schema: GraphQLSchema
    store: Store
    username: str
    retailer_id: str

    def fields(self) -> Mapping[str, Any]:
        """Return the resolvers by root field."""
        return {
            "createCustomer": self._create_customer,
            "createOrder": self._create_order,
            "customer": self._customer,
            "customers": self._customers,
            "me": self._me,
            "order": self._order,
            "orders": self._orders,
        }

    def _create_customer(self, _: object, **arguments: Any) -> View:
        kind, data = self._input("CreateCustomerInput", arguments)
        return customer_view(self.store.create_customer(kind, data))

    def _create_order(self, _: object, **arguments: Any) -> View:
        kind, data = self._input("CreateOrderInput", arguments)
        return self._order_view(self.store.create_order(kind, data))

    def _customer(self, _: object, ref: str) -> View | None:
        found = self.store.customer_by_username(ref)
        return customer_view(found) if found else None

    def _customers(self, _: object, **arguments: Any) -> View:
        return connection(
            self.store.all_customers, arguments, keys=lambda one: one.keys, view=customer_view
        )

    def _me(self, _: object) -> View:
        return {
            "id": "1",
            "ref": self.username,
            "username": self.username,
            "type": "INTEGRATION",
            "status": "ACTIVE",
            "primaryRetailer": retailer_view(self.retailer_id),
        }

    def _order(self, _: object, **arguments: str | None) -> View | None:
        found = self.store.order(arguments.get("id"), arguments.get("ref"))
        return self._order_view(found) if found else None

    def _orders(self, _: object, **arguments: Any) -> View:
        return connection(
            self.store.all_orders, arguments, keys=lambda one: one.keys, view=self._order_view
        )

    def _order_view(self, order: Entity) -> View:
        return order_view(order, self.store.customer(order.input["customer"]["id"]))

    def _input(
        self, name: str, arguments: Mapping[str, Any]
    ) -> tuple[GraphQLInputObjectType, Mapping[str, Any]]:
        data = arguments.get("input")
        if data is None:
            raise Refusal("C0140E", "The variable input is missing.")
        kind = self.schema.type_map[name]
        if not isinstance(kind, GraphQLInputObjectType):
            raise TypeError(name)
        return kind, data


def load_schema() -> GraphQLSchema:
    """Return the schema with its scalars."""
    text = resources.files(__package__).joinpath("schema.graphql").read_text("utf-8")
    schema = build_schema(text)
    date_time: Any = schema.type_map["DateTime"]
    # Two names of one thing: the second is graphql-core's since 3.3.
    date_time.parse_value = date_time.coerce_input_value = _date_time
    return schema


def _date_time(value: Any) -> str:
    """Take a DateTime: a string. Whether it is a date is a business rule with a code of its own."""
    if not isinstance(value, str):
        raise GraphQLError(f"DateTime cannot represent a value that is no string: {value!r}")
    return value
