"""A connector for an OMS called Acme, and that OMS, as a third party would write them."""

from acme.calls import Raw, RawAnswer, body_of, multi_order, signed
from acme.connector import AcmeConnector, AcmePayload, AcmeSettings, Merging, Refusing, Unguarded
from acme.oms import AcmeOms
from acme.world import World, error_of, serving_world

__all__ = [
    "AcmeConnector",
    "AcmeOms",
    "AcmePayload",
    "AcmeSettings",
    "Merging",
    "Raw",
    "RawAnswer",
    "Refusing",
    "Unguarded",
    "World",
    "body_of",
    "error_of",
    "multi_order",
    "serving_world",
    "signed",
]
