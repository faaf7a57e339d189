"""What the journal keeps of shoppers, encrypted where a key is configured."""

from collections.abc import Sequence
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from multiorder_sync.errors import JournalUnavailable
from multiorder_sync.secret import Secret

# The first byte of what is kept says whether the rest is encrypted.
_PLAIN: Final = b"p"
_FERNET: Final = b"f"


class Unreadable(JournalUnavailable):
    """A record can't be decrypted, or not be understood: it is damaged, or of a later version."""


class Sealer:
    """Seals bytes for the journal, and opens them again.

    Args:
        keys: Fernet keys: the first encrypts, each decrypts. Without one, nothing is encrypted.

    Raises:
        ValueError: If one is not a Fernet key.
    """

    def __init__(self, keys: Sequence[Secret] = ()) -> None:
        self._fernets = [Fernet(key.reveal()) for key in keys]
        self._all = MultiFernet(self._fernets) if self._fernets else None

    def seal(self, text: bytes) -> bytes:
        """Return what is kept of some bytes."""
        return _PLAIN + text if self._all is None else _FERNET + self._all.encrypt(text)

    def open(self, sealed: bytes) -> bytes:
        """Return the bytes of which this is kept.

        Raises:
            Unreadable: If none of the keys opens it.
        """
        kind, rest = bytes(sealed[:1]), bytes(sealed[1:])
        if kind == _PLAIN:
            return rest
        if self._all is None:
            raise Unreadable("The journal is encrypted, and [journal] encryption_keys is empty.")
        try:
            return self._all.decrypt(rest)
        except InvalidToken:
            raise Unreadable(
                "A record of the journal can't be decrypted: none of [journal] encryption_keys "
                "fits, or the record is damaged."
            ) from None

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether this is kept as `seal` would keep it now, by the newest key."""
        if not self._fernets:
            return bytes(sealed[:1]) == _PLAIN
        if bytes(sealed[:1]) != _FERNET:
            return False
        try:
            self._fernets[0].decrypt(bytes(sealed[1:]))
        except InvalidToken:
            return False
        return True
