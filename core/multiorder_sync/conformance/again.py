"""Transforms the corpus in a process of its own, for comparison: see `TransformChecks`.

It writes what came of each case as JSON. It exits with `NOT_HERE` if the connector's class can't be had here.
"""

import sys
from importlib import import_module
from typing import Any

import msgspec

from multiorder_sync.conformance.bench import RECEIVED_AT
from multiorder_sync.conformance.corpus import corpus
from multiorder_sync.conformance.marking import MarkingClient
from multiorder_sync.conformance.payloads import listed
from multiorder_sync.conformance.repeating import NOT_HERE
from multiorder_sync.conformance.subject import AnyConnector, find_subject
from multiorder_sync.errors import Untransformable
from multiorder_sync.oms.connector import Context


def main(place: str, config: str, space: str) -> None:
    """Write what the connector of that place makes of each case."""
    module, _, name = place.partition(":")
    try:
        found: Any = import_module(module)
        for step in name.split("."):
            found = getattr(found, step)
    except (ImportError, AttributeError):
        sys.exit(NOT_HERE)
    kind: type[AnyConnector] = found
    subject = find_subject(kind, config, space=space, sandbox=_no_sandbox)
    connector = kind(subject.settings, MarkingClient())
    context = Context(space=subject.space, received_at=RECEIVED_AT, prices=subject.prices)
    made = {}
    for case in corpus():
        try:
            made[case.name] = listed(connector.transform(case.order(), context))
        except Untransformable as error:
            made[case.name] = [["transform", f"{type(error).__name__}: {error}"]]
        except Exception:  # noqa: BLE001, S112 - another check says so
            continue
    sys.stdout.buffer.write(msgspec.json.encode(made))


def _no_sandbox() -> Any:
    raise NotImplementedError


if __name__ == "__main__":
    main(*sys.argv[1:])
