"""The check that no secret and no token is told: it is the last one, and reads what all have left."""

import traceback
from collections.abc import Iterator
from itertools import product
from typing import Any, Final

from multiorder_sync.conformance.checks.base import Checks
from multiorder_sync.conformance.corpus.building import multi_order
from multiorder_sync.conformance.logs import logged, printed
from multiorder_sync.conformance.passage import Arrival, Fault
from multiorder_sync.conformance.payloads import plain
from multiorder_sync.conformance.quoting import Quotes
from multiorder_sync.conformance.scene import Ended, Scene
from multiorder_sync.conformance.standards import Level, Nonconforming, NotRun, standard
from multiorder_sync.conformance.subject import secrets_in
from multiorder_sync.errors import OmsError

_STATUSES: Final = (200, 400, 403, 422, 500)
_SHORTEST: Final = 6
"""A shorter secret can't be told from a piece of ordinary text."""


class SecrecyChecks(Checks):
    """What is secret is sent to the OMS, and told to nobody else."""

    @standard(
        Level.SILVER,
        why="an OMS quotes what it was sent in its errors, and errors get into answers and logs, "
        "payloads and receipts into the journal",
        mend="give the client's own words (answer.unexpected, answer.excerpt), take what you quote "
        "yourself through answer.redact, print nothing, and reveal() a secret for the call alone",
    )
    def test_secrets_stay_secret(self) -> None:
        """Let the OMS quote credentials and tokens; read errors, receipts, logs and payloads."""
        stage, submission = self.bench.stage, self.bench.ordinary[0]
        secrets = [each.reveal() for each in secrets_in(self.bench.subject.settings)]
        secrets = [each for each in secrets if len(each) >= _SHORTEST]
        wrong = []

        async def scene(opened: Scene) -> list[Ended]:
            return [
                await opened.submit(submission),
                await opened.find(submission),
                await opened.check(),
            ]

        stage.run(scene)  # for what it logs and returns where nothing is wrong
        quotes = Quotes(secrets)
        for status, quote in product(_STATUSES, (quotes.in_json, quotes.by_the_sandbox)):
            ended = stage.run(scene, Fault(_is_no_token, quote(status)))
            hidden = {*secrets, *stage.door.tokens}
            wrong += [
                f"the error of {method} shows a secret that the OMS quoted (HTTP {status})"
                for method, each in zip(("submit", "find", "check"), ended, strict=True)
                if _shows(_said(each), hidden)
            ]
        with logged(stage.play.logged), printed(stage.play.printed):
            self.bench.made_of(multi_order())
        hidden = {*secrets, *stage.door.tokens}
        wrong += [
            f"{what} a secret or a token"
            for what, texts in (
                ("a line of the log shows", stage.play.logged),
                ("what is printed shows", stage.play.printed),
                ("a receipt holds", stage.play.receipts),
                ("an error shows", stage.play.errors),
            )
            if _shows(texts, hidden)
        ]
        wrong += [f"a payload holds a secret (case {name})" for name in self._telling(secrets)]
        if wrong:
            raise Nonconforming(*dict.fromkeys(wrong))
        if quotes.unheard is not None:
            raise NotRun(quotes.unheard)

    def _telling(self, secrets: list[str]) -> Iterator[str]:
        for name, made in self.bench.transformed.items():
            texts = [f"{each.ref} {each.notes} {plain(each.payload)}" for each in made.submissions]
            if _shows(texts, {*secrets}):
                yield name


def _shows(texts: Any, hidden: set[str]) -> bool:
    return any(each in text for text in dict.fromkeys(texts) for each in hidden)


def _is_no_token(arrival: Arrival) -> bool:
    return not arrival.fetches_token


def _said(ended: Ended) -> Iterator[str]:
    error = ended.error
    if error is None:
        return
    yield "".join(traceback.format_exception(error))
    yield repr(error)
    if isinstance(error, OmsError):
        for message in error.oms_errors:
            yield f"{message.code} {message.text}"
