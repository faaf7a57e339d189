"""`multiorder reload`: every process on this machine takes the configuration anew."""

from typing import Final

import typer

from multiorder_sync.cli.common import DEFAULT_CONFIG, ConfigFile, fail, load_config, out
from multiorder_sync.cli.opening import opened
from multiorder_sync.cli.terminal import cell
from multiorder_sync.delivery.journal.processes import Answer, Reload, Reloaded, serving

_SECONDS: Final = 15.0

_SENTENCES: Final = {
    Answer.TAKEN: "took it",
    Answer.REFUSED: "refused it, and goes on with the old one: {reason}",
    Answer.ENDED: "has ended meanwhile",
    Answer.FORBIDDEN: "belongs to another user; run this as that user",
    Answer.DEAF: "does not listen for it, so it was left alone: it is no server",
    Answer.STRANGER: (
        "is another one than the journal knows under this number, so it was left alone; reload "
        "where the server runs (in its container), or send it SIGHUP"
    ),
    Answer.SILENT: "has not said yet whether it took it; its log tells",
}


def command(config_file: ConfigFile = DEFAULT_CONFIG) -> None:
    """Have every server on this machine take the configuration anew, without dropping a call.

    The file is checked first. A server that can't take it (a secret that its own environment does not have, for instance) goes on with the old one.

    Exits with 0 if all of them took it, 1 if one did not or there is none, 2 if it is wrong.
    """
    config, _ = load_config(config_file)
    with opened(config) as journal:
        found = serving(journal.engine, config_file)
        here = [each for each in found if each.is_here]
        elsewhere = sorted({each.host for each in found if not each.is_here})
        answers = Reload(journal.engine, here).run(_SECONDS)
    console = out()
    for each in answers:
        console.print(cell(f"process {each.process.pid}: {_sentence(each)}"))
    if elsewhere:
        console.print(
            cell(
                f"Servers on other machines share the journal: {', '.join(elsewhere)}. Reload there, too."
            )
        )
    asked = [each for each in answers if each.answer is not Answer.DEAF]
    if not asked:
        fail(
            f"No process on this machine serves {config_file}. One that was started with another "
            "path to it, or another [journal] url, has to be restarted."
        )
    raise typer.Exit(0 if all(each.answer is Answer.TAKEN for each in asked) else 1)


def _sentence(reloaded: Reloaded) -> str:
    return _SENTENCES[reloaded.answer].format(reason=reloaded.reason)
