"""What comes of a request that is sent: an answer, or none that is complete."""

import msgspec


class Reply(msgspec.Struct, frozen=True):
    """An HTTP answer as it came; of a body that is too long, only somewhat more than the limit."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class ExchangeFailed(Exception):
    """No complete answer came.

    Args:
        kind: The fault's name, for logs. It holds nothing that was received.
        reason: What happened, to follow the host's name. It can quote what was received.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(kind)
        self.kind = kind
        self.reason = reason
