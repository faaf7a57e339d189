"""What ShipStation's answers mean.

Statuses and the rate limit's headers are documented. The shape of a refusal, `Message` with
`ModelState`, is from answers that developers quote in public.
"""

from typing import Any

from multiorder_sync import Answer, CredentialsRefused, OmsMessage, Refused, Unavailable


def understood(answer: Answer) -> Answer:
    """Return an answer that says that the call was carried out.

    Raises:
        CredentialsRefused: API key and secret are not taken, or not for this call.
        Unavailable: The rate limit is reached; nothing was done.
        Refused: ShipStation says no to a create, in its own words.
        OutcomeUnknown: Anything else, if the call can create an order; else Unavailable.
    """
    if answer.status == 200:
        return answer
    if answer.status in (401, 403):
        raise CredentialsRefused(f"ShipStation does not let us in: {answer.status}.")
    if answer.status == 429:
        raise Unavailable("ShipStation's rate limit is reached.", retry_after=answer.retry_after)
    if answer.status != 400:
        raise answer.unexpected(f"answered {answer.status}")
    messages = _messages(answer)
    if not messages:
        # Not ShipStation's own words: a gateway, perhaps, and no proof that nothing was created.
        raise answer.unexpected("refused in words that are not its own")
    if not answer.call.creates:
        # A look-up that is refused says nothing of the order.
        raise answer.unexpected("refused the call", oms_errors=messages)
    raise Refused(
        "ShipStation refused: " + "; ".join(each.text for each in messages), oms_errors=messages
    )


def order_id(answer: Answer, order: dict[str, Any]) -> str:
    """Return ShipStation's own id of an order in an answer.

    Raises:
        OutcomeUnknown: If there is none, and the call can create an order; else Unavailable.
    """
    held = order.get("orderId")
    if not isinstance(held, int) or isinstance(held, bool):
        raise answer.unexpected("gave no orderId")
    return str(held)


def status(order: dict[str, Any]) -> str | None:
    """Return an order's status, as ShipStation words it."""
    held = order.get("orderStatus")
    return held if isinstance(held, str) else None


def _messages(answer: Answer) -> list[OmsMessage]:
    said = answer.json()
    messages = []
    state = said.get("ModelState")
    if isinstance(state, dict):
        for field, texts in state.items():
            for text in texts if isinstance(texts, list) else [texts]:
                if isinstance(text, str) and text:
                    messages.append(OmsMessage(text=answer.redact(text), code=answer.redact(field)))
    for name in ("ExceptionMessage", "Message", "message"):
        text = said.get(name)
        if not messages and isinstance(text, str) and text:
            messages.append(OmsMessage(text=answer.redact(text)))
    return messages
