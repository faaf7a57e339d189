"""Every field of Nacelle's order, one at a time: change it, and see what changes for an OMS."""

import json
from collections import defaultdict
from datetime import UTC, datetime

from multiorder_fluentcommerce.not_carried import NOT_CARRIED as FLUENT_NOT_CARRIED
from multiorder_fluentcommerce.payload import wire as fluent_wire
from multiorder_fluentcommerce.settings import FluentSettings
from multiorder_fluentcommerce.transform import FluentTransform
from multiorder_manhattan.not_carried import NOT_CARRIED as MANHATTAN_NOT_CARRIED
from multiorder_manhattan.payload import wire as manhattan_wire
from multiorder_manhattan.settings import ManhattanSettings
from multiorder_manhattan.transform import ManhattanTransform
from multiorder_sync import Context, Secret
from multiorder_sync.conformance.corpus.fields import (
    changed,
    inheriting,
    own_payments,
    paths,
    written,
)
from multiorder_sync.conformance.corpus.fields import complete as base
from multiorder_sync.nacelle.decoding import OrderDecoder

__all__ = ["CONNECTORS", "base", "inheriting", "own_payments", "paths", "places_of", "written"]

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
