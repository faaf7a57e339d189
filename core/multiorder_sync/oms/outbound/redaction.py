"""Taking secrets out of text that others wrote and that people will read."""

import html
import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from multiorder_sync.secret import Secret

_MASK: Final = "***"
_JSON_ESCAPES: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "/": "\\/",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}
_LONGEST_ESCAPE: Final = 13  # &#0001114111;


class Redactor:
    """Replaces every occurrence of the secrets it knows, in any text.

    An occurrence counts also if characters of it are escaped as in a URL, in JSON or in HTML.

    Args:
        secrets: Those known from the start; they are never forgotten.
        most: How many of those added later are kept. The oldest goes first: it is an expired
            token by then.
        ignore_case: Whether an occurrence counts in whatever case it is written.
    """

    def __init__(
        self, secrets: Iterable[Secret] = (), *, most: int = 32, ignore_case: bool = False
    ) -> None:
        self._flags = re.IGNORECASE if ignore_case else re.NOFLAG
        self._lasting: set[Secret] = set()
        self._added: OrderedDict[Secret, None] = OrderedDict()
        self._most = most
        self._pattern: re.Pattern[str] | None = None
        self.keep(*secrets)

    def keep(self, *secrets: Secret) -> None:
        """Learn secrets that last as long as the space does: passwords, client secrets."""
        self._lasting.update(secret for secret in secrets if secret)
        self._pattern = None

    def add(self, *secrets: Secret) -> None:
        """Learn further secrets, for instance a token that was just issued."""
        for secret in secrets:
            if secret in self._added:
                self._added.move_to_end(secret)
            elif secret and secret not in self._lasting:
                self._added[secret] = None
                self._pattern = None
        while len(self._added) > self._most:
            self._added.popitem(last=False)

    def redact(self, text: str) -> str:
        """Return the text with `***` in place of every secret."""
        if self._pattern is None:
            self._pattern = self._compile()
        return self._pattern.sub(_MASK, text)

    @property
    def longest(self) -> int:
        """The most characters that one secret can take up in a text, however it is escaped."""
        known = (*self._lasting, *self._added)
        return max((sum(map(_most_characters, secret.reveal())) for secret in known), default=0)

    def _compile(self) -> re.Pattern[str]:
        texts = {secret.reveal() for secret in (*self._lasting, *self._added)}
        # The longest first: one secret may be the beginning of another.
        patterns = ["".join(map(_character, t)) for t in sorted(texts, key=len, reverse=True)]
        return re.compile("|".join(patterns) if patterns else r"(?!)", self._flags)


def _most_characters(character: str) -> int:
    return 1 if _is_plain(character) else _LONGEST_ESCAPE


def _is_plain(character: str) -> bool:
    return character.isascii() and character.isalnum()  # nothing escapes it


def _character(character: str) -> str:
    """Return a pattern for one character and its escapes."""
    if _is_plain(character):
        return character
    number = ord(character)
    percent = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    utf16 = character.encode("utf-16-be", "surrogatepass").hex()
    units = "".join(f"\\\\u{utf16[at : at + 4]}" for at in range(0, len(utf16), 4))
    escapes = [
        f"(?i:{percent})",
        f"(?i:{units})",
        f"&#0{{0,3}}{number};",
        f"(?i:&#x0{{0,3}}{number:x};)",
    ]
    if character in _JSON_ESCAPES:
        escapes.append(re.escape(_JSON_ESCAPES[character]))
    if html.escape(character) != character:
        escapes.append(re.escape(html.escape(character)))
    if character == "'":
        escapes.append("&apos;")
    if character == " ":
        escapes.append(r"\+")
    if not character.isascii():
        escapes.append("\ufffd{1,4}")  # what is left of it in a text of another charset
    return f"(?:{'|'.join(escapes)}|{re.escape(character)})"
