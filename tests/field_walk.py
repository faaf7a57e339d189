"""Every field of Nacelle's order, one at a time: change it, and see what changes for an OMS."""

import copy
import json
import types
import typing
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from multiorder_fluentcommerce.not_carried import NOT_CARRIED as FLUENT_NOT_CARRIED
from multiorder_fluentcommerce.payload import wire as fluent_wire
from multiorder_fluentcommerce.settings import FluentSettings
from multiorder_fluentcommerce.transform import FluentTransform
from multiorder_manhattan.not_carried import NOT_CARRIED as MANHATTAN_NOT_CARRIED
from multiorder_manhattan.payload import wire as manhattan_wire
from multiorder_manhattan.settings import ManhattanSettings
from multiorder_manhattan.transform import ManhattanTransform
from multiorder_sync import Context, MultiOrder, Order, Secret
from multiorder_sync.nacelle.decoding import OrderDecoder

FLUENT = FluentTransform(
    FluentSettings(
        base_url="http://127.0.0.1:1",
        account="A",
        client_id="A",
        client_secret=Secret("s"),
        username="u",
        password=Secret("p"),
        retailer_id="1",
        delivery_types={"external_id-1": "EXPRESS", "*": "STANDARD"},
    )
)
MANHATTAN = ManhattanTransform(
    ManhattanSettings(
        base_url="http://127.0.0.1:1",
        client_id="A",
        client_secret=Secret("s"),
        username="u",
        password=Secret("p"),
        shipping_methods={"external_id-1": "EXP", "*": "STD"},
        attribute_length=5000,
    )
)
CONNECTORS = {
    "fluentcommerce": (FLUENT, fluent_wire, "attributes.nacelle_fingerprint", FLUENT_NOT_CARRIED),
    "manhattan": (
        MANHATTAN,
        manhattan_wire,
        "OrderAttribute.nacelle_fingerprint",
        MANHATTAN_NOT_CARRIED,
    ),
}

SPECIAL = {
    "quantity": 2,
    "currency": "USD",
    "email": "ada@example.com",
    "delivery_method": "delivery",
    "delivery_type": "delivery",
    "status": "succeeded",
    "card_brand": "visa",
    "payment_type": "card",
    "country_iso2": "AU",
    "tax_behavior": "exclusive",
}
OTHER = {
    "currency": "AUD",
    "status": "failed",
    "card_brand": "amex",
    "payment_type": "paypal",
    "delivery_method": "pickup",
    "delivery_type": "pickup",
    "country_iso2": "NZ",
    "tax_behavior": "inclusive",
}


def plain_type(hint):
    """Return the type behind `Annotated` and optionals."""
    if typing.get_origin(hint) is typing.Annotated:
        return plain_type(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return plain_type(next(arg for arg in typing.get_args(hint) if arg is not type(None)))
    return hint


def fields(struct):
    return [field for field in msgspec.structs.fields(struct) if field.name != "source"]


def leaf(name, hint):
    if name in SPECIAL:
        return SPECIAL[name]
    return {
        str: f"{name}-1",
        int: 3,
        Decimal: "7.00",
        datetime: "2026-11-24T09:30:00Z",
        dict[str, typing.Any]: {"key": name},
    }.get(hint, {"any": name})


def full(struct):
    """Return plain data with every field of the struct set."""
    data = {}
    for field in fields(struct):
        hint = plain_type(field.type)
        inner = typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else None
        if inner is str:
            data[field.name] = [f"{field.name}-1"]
        elif inner is not None:
            data[field.name] = [full(inner)]
        elif isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            data[field.name] = full(hint)
        else:
            data[field.name] = leaf(field.name, hint)
    return data


def paths(data, prefix=()):
    """Yield the path of every leaf; of map-like data, the map itself."""
    for name, value in data.items():
        path = (*prefix, name)
        if isinstance(value, list) and isinstance(value[0], dict):
            yield from paths(value[0], (*path, 0))
        elif isinstance(value, dict) and not {"key", "any"} & set(value):
            yield from paths(value, path)
        else:
            yield path


def changed(data, path):
    """Return the data with the leaf at `path` changed."""
    data = copy.deepcopy(data)
    at = data
    for step in path[:-1]:
        at = at[step]
    name, value = path[-1], at[path[-1]]
    if name in OTHER:
        at[name] = OTHER[name]
    elif isinstance(value, list):
        at[name] = [f"{value[0]}-changed"]
    elif isinstance(value, dict):
        at[name] = {**value, "more": 1}
    elif isinstance(value, int):
        at[name] = value + 1
    elif value.startswith("2026"):
        at[name] = "2026-11-25T09:30:00Z"
    elif value.replace(".", "").isdigit():
        at[name] = str(Decimal(value) + 1)
    else:
        at[name] = f"{value}-changed" if name != "email" else "grace@example.com"
    return data


def base():
    """Return a multi-order with every field set, the figures of its order adding up."""
    data = full(MultiOrder)
    order = data["orders"][0]
    for figures in (data, order):
        figures |= {
            "price": "35.00",
            "subtotal_price": "14.00",
            "discounts": "7.00",
            "tax": "14.00",
        }
        figures["payments"][0]["amount"] = "35.00"
    item = order["order_items"][0]
    item |= {"id": "order_item_id-1", "price": "10.50", "subtotal_price": "14.00", "tax": "7.00"}
    order["shipping_rate"]["amount"] = "14.00"
    return data


def inheriting():
    """Return the same, with the order saying nothing that its multi-order says."""
    data = base()
    own = {field.name for field in fields(Order)} - {field.name for field in fields(MultiOrder)}
    data["orders"][0] = {key: value for key, value in data["orders"][0].items() if key in own}
    return data


def own_payments():
    """Return the same as `base`, with no payments but those of the order itself."""
    data = base()
    del data["payments"]
    return data


def sent(data, connector):
    """Return what the OMS would be sent, flat: place to value."""
    transform, wire, _, _ = CONNECTORS[connector]
    order = OrderDecoder().decode(json.dumps(data).encode())
    context = Context(space="s", received_at=datetime(2026, 11, 24, tzinfo=UTC))
    (submission,) = transform.submissions(order, context)
    places = defaultdict(list)
    for place, value in flat(wire(submission.payload)):
        places[place].append(value)
    return places


def flat(value, place=""):
    """Yield every leaf with its place; of named attributes, each under its name."""
    if isinstance(value, dict):
        for name, entry in value.items():
            yield from flat(entry, f"{place}.{name}" if place else name)
    elif isinstance(value, list | tuple) and place.lower().endswith(("attributes", "attribute")):
        for entry in value:
            name, held = (
                next(entry[key] for key in entry if key.lower().endswith(end))
                for end in ("name", "value")
            )
            yield f"{place}.{name}", str(held)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from flat(entry, f"{place}[]")
    else:
        yield place, value


def places_of(data, path, connector):
    """Return the places of what the OMS is sent that change with the leaf at `path`."""
    before, after = sent(data, connector), sent(changed(data, path), connector)
    moved = {
        place for place in before.keys() | after.keys() if before.get(place) != after.get(place)
    }
    return moved - {CONNECTORS[connector][2]}


def written(path):
    """Write a path as the documents do: `orders[].order_items[].sku`."""
    return ".".join(str(step) for step in path).replace(".0", "[]")
