"""Experiments on a document: something of it is changed, and what is sent then is compared."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from multiorder_sync.oms.alternatives import alternatives, longer
from multiorder_sync.oms.documents import Draft, Path, leaves, written
from multiorder_sync.oms.statements import Statement
from multiorder_sync.outcome import Submission

Transform = Callable[[Any], Sequence[Submission[Any]]]
"""Turns a document into submissions, or raises."""

Change = Callable[[Draft], None]

Moved = frozenset[tuple[int, str]]
"""What differs: the submission's index, and the place in its payload."""

_Values = Mapping[Path, Any]


class Experiment(msgspec.Struct, frozen=True):
    """A field that is changed.

    Attributes:
        field: Which.
        value: What it is.
        statement: If it is an amount: what has to be changed along with it.
    """

    field: Path
    value: Any
    statement: Statement | None = None

    def changes(self, *, crowded: bool = False) -> Iterator[Change]:
        """Yield what may be tried, one after the other.

        Args:
            crowded: Whether the same is done to the field's neighbours.
        """
        if self.statement is not None:
            yield self.statement.change
            return
        for other in longer(self.value) if crowded else alternatives(self.value):
            yield _setting(self.field, other)


class Laboratory:
    """Runs experiments on one document.

    Args:
        document: The document.
        transform: What makes submissions of it.
        watch: Is called after each.

    Raises:
        MultiOrderError: If the document itself can't be transformed.
    """

    def __init__(
        self, document: Any, transform: Transform, watch: Callable[[], None] = lambda: None
    ) -> None:
        self.document = document
        self._transform = transform
        self._watch = watch
        self._before = [_values(each) for each in transform(document)]

    def first_accepted(self, experiment: Experiment) -> Moved | None:
        """Return what differs with a field changed; None if no change of it can be sent."""
        for change in experiment.changes():
            moved = self.moved([change])
            if moved is not None:
                return moved
        return None

    def moved(self, changes: Iterable[Change]) -> Moved | None:
        """Return what differs after changes, None if what they make can't be sent."""
        draft = Draft(self.document)
        for change in changes:
            change(draft)
        try:
            after = [_values(each) for each in self._transform(draft.document)]
        except Exception:  # noqa: BLE001 - a connector may stumble over what no one sends
            return None
        finally:
            self._watch()
        if len(after) != len(self._before):
            return None
        return frozenset(
            (index, written(path))
            for index, (was, now) in enumerate(zip(self._before, after, strict=True))
            for path in was.keys() | now.keys()
            if was.get(path) != now.get(path)
        )


def experiments_of(document: Any, statements: Sequence[Statement]) -> list[Experiment]:
    """Return what there is to change in a document, in its order."""
    by_field = {statement.field: statement for statement in statements}
    along = {path for statement in statements for path in statement.also}
    return [
        Experiment(path, value, by_field.get(path))
        for path, value in leaves(document)
        if path not in along
    ]


def places(payload: msgspec.Struct) -> dict[str, Any]:
    """Return every value of a payload with its place, by encoded names."""
    return {written(path): value for path, value in leaves(_plain(payload))}


def _values(submission: Submission[Any]) -> _Values:
    return dict(leaves(_plain(submission.payload)))


def _plain(payload: msgspec.Struct) -> Any:
    return msgspec.to_builtins(payload, builtin_types=(Decimal,))


def _setting(path: Path, value: Any) -> Change:
    return lambda draft: draft.set(path, value)
