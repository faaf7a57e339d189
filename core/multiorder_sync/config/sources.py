"""Where the text of a setting comes from: the file itself, the environment, or another file."""

import json
import os
from pathlib import Path
from typing import Any, Final

from multiorder_sync.reading import kind_of, nearest

MAX_FILE_BYTES: Final = 1_000_000
FORMS: Final = ("env", "file")


class TextSources:
    """Gives the text of a setting, whichever way it is written.

    Args:
        folder: Where relative paths start.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def text(self, value: Any) -> str:
        """Return the text that `"…"`, `{ env = "…" }` or `{ file = "…" }` stands for.

        Raises:
            ValueError: If it is none of these, or what it names is not there; in a second line
                is the remedy.
        """
        if isinstance(value, str):
            return value
        if not isinstance(value, dict):
            raise ValueError(f"must be a text, not {kind_of(value)}")
        return self._from(value)

    def _from(self, table: dict[str, Any]) -> str:
        for key in table:
            if key not in FORMS:
                near = nearest(key, FORMS)
                meant = f"did you mean {near}?" if near else 'write { env = "NAME" }'
                raise ValueError(f"a text can't be taken from {quoted(key)}\n{meant}")
        if len(table) != 1:
            raise ValueError("must name one of env and file")
        form, name = next(iter(table.items()))
        if not isinstance(name, str) or not name:
            raise ValueError(f"{form} must be a name, as a string that is not empty")
        return _from_environment(name) if form == "env" else self._from_file(name)

    def _from_file(self, name: str) -> str:
        path = self.folder / name
        remedy = "the path counts from the configuration's folder"
        # Anything but a file, a pipe for instance, could keep the start waiting for ever.
        if not os.path.isfile(path):  # noqa: PTH113 - answers False where Path.is_file raises
            raise ValueError(f"there is no file {quoted(str(path))}\n{remedy}")
        try:
            with path.open("rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise ValueError(
                f"the file {quoted(str(path))} can't be read: {reason}"
                "\nlet the user that runs this read it"
            ) from None
        if len(content) > MAX_FILE_BYTES:
            raise ValueError(f"the file {quoted(str(path))} is larger than {MAX_FILE_BYTES} bytes")
        try:
            text = content.decode()
        except UnicodeDecodeError:
            raise ValueError(f"the file {quoted(str(path))} is not UTF-8") from None
        return text.removesuffix("\n").removesuffix("\r")


def quoted(text: str) -> str:
    """Return a text in quotation marks, on one line and not too long."""
    short = text if len(text) <= 200 else f"{text[:200]}…"
    return json.dumps(short, ensure_ascii=False)


def _from_environment(name: str) -> str:
    text = os.environ.get(name)
    if text is None:
        raise ValueError(
            f"the environment variable {quoted(name)} is not set\nset it where this is started"
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"the environment variable {quoted(name)} is not UTF-8") from None
    return text
