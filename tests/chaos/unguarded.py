"""The shipped connectors, as they would be for OMSs that make an order of every create."""

from chaos.plan import UNGUARDED
from multiorder_fluentcommerce.connector import FluentConnector
from multiorder_manhattan.connector import ManhattanConnector
from multiorder_sync import DuplicateGuard, hookimpl


class UnguardedFluent(FluentConnector):
    name = f"fluentcommerce{UNGUARDED}"
    duplicate_guard = DuplicateGuard.NONE


class UnguardedManhattan(ManhattanConnector):
    name = f"manhattan{UNGUARDED}"
    duplicate_guard = DuplicateGuard.NONE


@hookimpl
def multiorder_connectors():
    return [UnguardedFluent, UnguardedManhattan]
