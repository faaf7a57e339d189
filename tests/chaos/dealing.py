"""Chance that leaves nothing out: all there is comes once before any of it comes again."""

from collections import deque


def dealt(cards, rng, *, by):
    """Yield cards for ever, in rounds of any order.

    Args:
        cards: All that there are.
        rng: Shuffles them.
        by: What a card shows. In the first round one that shows each comes before a second does.
    """
    deck = rng.sample(cards, len(cards))
    seen, rest = set(), []
    for card in deck:
        if by(card) in seen:
            rest.append(card)
        else:
            seen.add(by(card))
            yield card
    yield from rest
    while True:
        yield from rng.sample(cards, len(cards))


class Fates:
    """At which step the next server is to die.

    Args:
        steps: All that there are.
        first: Those of them that come first.
        rng: Shuffles them.
    """

    def __init__(self, steps, first, rng):
        self._steps = steps
        self._rng = rng
        rest = [step for step in steps if step not in first]
        self._next = deque(rng.sample(first, len(first)) + rng.sample(rest, len(rest)))
        self._owed = set(steps)

    def draw(self):
        """Return a step: each once, before any comes again."""
        if not self._next:
            self._next.extend(self._rng.sample(self._steps, len(self._steps)))
        return self._next.popleft()

    def owed(self, step):
        """Tell whether nobody has died at a step yet."""
        return step in self._owed

    def met(self, step):
        """Note that a server has died at its step."""
        self._owed.discard(step)

    def missed(self, step):
        """Take a step back: its server ended before it came to that."""
        if step in self._owed:
            self._next.appendleft(step)
