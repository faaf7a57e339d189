"""What an order says twice: a value that is taken from one field, and would be from another.

An order's own e-mail goes before that of the multi-order, an address's name before that of the
customer. So with the one taken out of the order, the other one changes what is sent.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from multiorder_sync.oms.documents import Draft, Path
from multiorder_sync.oms.experiments import Experiment, Laboratory, Transform


class Echoes:
    """Finds out which fields say again what others have said.

    Args:
        document: The document.
        transform: What makes submissions of it.
        experiments: All fields of the document.
        effective: Those whose change changes something.
        watch: Is called after each experiment.
    """

    def __init__(
        self,
        document: Any,
        transform: Transform,
        experiments: Sequence[Experiment],
        effective: Collection[Path],
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        self._document = document
        self._transform = transform
        self._effective = effective
        self._watch = watch
        self._by_value: dict[Any, list[Path]] = {}
        for each in experiments:
            if each.statement is None:
                self._by_value.setdefault(_said(each), []).append(each.field)
        self._without: dict[frozenset[Path], Laboratory | None] = {}

    def of(self, experiment: Experiment) -> tuple[Path, ...]:
        """Return the fields that a field says again, none if it says something of its own."""
        own = experiment.field
        others = [path for path in self._by_value[_said(experiment)] if _shape(path) != _shape(own)]
        said_by = tuple(path for path in others if path in self._effective)
        # Of an order and its multi-order: what it says there, whoever else has the same name.
        said_by = tuple(path for path in said_by if _of_order(path, own)) or said_by
        if not said_by:
            return ()
        laboratory = self._laboratory(frozenset(_taken_out(path, own) for path in others))
        return said_by if laboratory and laboratory.first_accepted(experiment) else ()

    def _laboratory(self, out: frozenset[Path]) -> Laboratory | None:
        if out not in self._without:
            draft = Draft(self._document)
            for path in out:
                draft.remove(path)
            try:
                laboratory = Laboratory(draft.document, self._transform, self._watch)
            except Exception:  # noqa: BLE001 - a connector may need what was taken out
                self._without[out] = None
            else:
                self._without[out] = laboratory
        return self._without[out]


def _said(experiment: Experiment) -> Any:
    value = experiment.value
    return experiment.field[-1], type(value), value


def _shape(path: Path) -> Path:
    return tuple("" if isinstance(step, int) else step for step in path)


def _taken_out(path: Path, own: Path) -> Path:
    """Return what has to go so that a field does not count.

    An order takes an address or a customer from its multi-order as a whole, if it has none.
    """
    return path[:3] if _of_order(path, own) else path


def _of_order(path: Path, own: Path) -> bool:
    """Tell whether a path is of an order what another one is of the multi-order."""
    return path[0] == "orders" and path[2:] == own
