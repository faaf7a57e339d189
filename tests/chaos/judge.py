"""What must never be: a pure function of the three books."""

from collections.abc import Iterator

import msgspec

from chaos.books import Books, stories
from chaos.conduct import behind, undecided, unrecorded
from chaos.kinds import ALTERED, EXCUSES, KINDS
from chaos.whereabouts import altered, doubled, lost, unkept, untrue
from chaos.words import broken, denied, late, misquoted, untold

_CHECKS = (
    lost,
    doubled,
    unkept,
    behind,
    undecided,
    denied,
    untold,
    untrue,
    misquoted,
    unrecorded,
    altered,
    late,
    broken,
)


class Violation(msgspec.Struct, frozen=True):
    """Something that must never be, or is excused.

    Attributes:
        kind: One of `kinds.KINDS`, or of `kinds.EXCUSES`.
        order: The key of the order, if it is one of ours.
        sentence: What it was.
    """

    kind: str
    order: str | None
    sentence: str


def judge(books: Books) -> list[Violation]:
    """Return every violation in the books as they are after recovery."""
    return [each for each in _found(books) if each.kind in KINDS]


def excused(books: Books) -> list[Violation]:
    """Return what would be a violation if it could be helped."""
    return [each for each in _found(books) if each.kind in EXCUSES]


def _found(books: Books) -> Iterator[Violation]:
    for story in stories(books):
        for check in _CHECKS:
            for kind, sentence in check(story):
                yield Violation(kind, story.sent.key, sentence)
    for key in books.journal.keys() - {sent.key for sent in books.orders}:
        yield Violation(ALTERED, None, f"the journal has {key}, which nobody sent")
    known = {ref for sent in books.orders for ref in sent.refs}
    for held in books.held:
        if held.ref not in known:
            yield Violation(ALTERED, None, f"the OMS holds {held.ref}, which nobody sent")
