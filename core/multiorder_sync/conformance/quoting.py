"""An OMS that quotes what it was sent, credentials included, in the words in which it refuses."""

import html
from collections.abc import Sequence

import msgspec

from multiorder_sync.conformance.faults import Act
from multiorder_sync.conformance.forms import Form, form_of_reply
from multiorder_sync.conformance.passage import Passage, Reply
from multiorder_sync.conformance.steering import ordering_refusal


class Quotes:
    """Answers that quote secrets, in JSON and as the sandbox words them.

    Args:
        secrets: What is quoted, beside the credentials that came in the header for them.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = secrets
        self._heard = False
        self._other_forms: list[Form] = []

    @property
    def unheard(self) -> str | None:
        """Why the connector has met no quote in the form in which its OMS answers, if it has not."""
        if self._heard or not self._other_forms or not self._secrets:
            return None
        return (
            "told to refuse with a message that holds secrets, the sandbox does not say that "
            f"message in what it answers ({self._other_forms[0]}), and the kit can word it in JSON "
            "alone: what becomes of secrets that the OMS quotes is not seen"
        )

    def in_json(self, status: int) -> Act:
        """Return what answers a call with a status and a quote, where an OMS in JSON may have it."""

        async def act(passage: Passage) -> None:
            body = _as_json(self._words(passage))
            await passage.answer(status, body, kind="application/json")

        return act

    def by_the_sandbox(self, status: int) -> Act:
        """Return what answers a call with a status and a quote that is worded by the sandbox."""

        async def act(passage: Passage) -> None:
            words = self._words(passage)
            await ordering_refusal(passage, words[:40], words)
            reply = await passage.handed_on()
            self._hear(reply)
            await passage.answer(status, reply.body, headers=reply.headers)

        return act

    def _words(self, passage: Passage) -> str:
        sent = passage.arrival.headers.get("authorization", "")
        return f"Not accepted: {sent} {' '.join(self._secrets)}"

    def _hear(self, reply: Reply) -> None:
        text = reply.body.decode(errors="replace")
        said = (text, html.unescape(text), text.replace('\\"', '"').replace("\\\\", "\\"))
        form = form_of_reply(reply)
        if any(secret in each for secret in self._secrets for each in said):
            self._heard = True
        elif form is not Form.JSON:
            self._other_forms.append(form)


def _as_json(words: str) -> bytes:
    message = {"message": words, "code": words[:40]}
    return msgspec.json.encode({**message, "error": words, "errors": [message], "data": None})
