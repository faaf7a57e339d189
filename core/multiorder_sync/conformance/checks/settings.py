"""Checks of what a connector is and what can be set: without an OMS, and without an order."""

import re
from collections.abc import Iterator
from typing import Any, Final, TypeGuard, get_args

import msgspec

from multiorder_sync.config.descriptions import described
from multiorder_sync.conformance.checks.base import Checks
from multiorder_sync.conformance.marking import MarkingClient
from multiorder_sync.conformance.standards import Level, Nonconforming, standard
from multiorder_sync.conformance.subject import at, secrets_in
from multiorder_sync.conformance.watching import Hung
from multiorder_sync.oms.places import present_type
from multiorder_sync.secret import Secret

_SOUNDS_SECRET: Final = re.compile(
    r"(secret|passw(or)?d|passphrase|credential|private_key|api_?key|access_key|(^|_)(token|pin))s?$"
)
_SETTING_UP_SECONDS: Final = 5.0
_ELSEWHERE: Final = "http://127.0.0.1:1"


class SettingsChecks(Checks):
    """The connector loads, and its settings are all that it needs."""

    @standard(
        Level.BRONZE,
        why="a connector that can't be loaded, or whose credentials nobody takes, takes down every "
        "space that uses it",
        mend="see `multiorder plugins`, which says the same of all that is installed",
    )
    def test_the_connector_loads(self) -> None:
        """Load the connector, its settings and the sandbox of its OMS, and let it in there."""
        unusable = self.bench.unusable
        if unusable is not None:
            raise Nonconforming(unusable.reason, mend=unusable.remedy)
        stage = self.bench.stage
        stage.settings_at(stage.url)
        if stage.refused_credentials is not None:
            raise Nonconforming(
                f"the sandbox refuses the credentials of the configuration: {stage.refused_credentials}",
                mend="give the space's oms table in the configuration the credentials that the "
                "sandbox takes; if it has them, see what the connector makes of them",
            )

    @standard(
        Level.BRONZE,
        why="config.toml is all that a merchant has to set; what a connector takes from elsewhere, "
        "nobody finds, and a default that does not work stops the endpoint from starting",
        mend="give every optional setting a default with which the connector works, and let the "
        "address of the OMS be a setting with an http(s) URL",
    )
    def test_settings_are_complete(self) -> None:
        """Set the connector up with nothing but what must be set."""
        settings = self.bench.subject.settings
        required = {
            field.name: getattr(settings, field.name)
            for field in msgspec.structs.fields(settings)
            if field.required
        }
        wrong = []
        try:
            least = type(settings)(**required)
            self.bench.subject.connector(least, MarkingClient(secrets=secrets_in(least)))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything
            wrong.append(
                f"with {', '.join(required) or 'nothing'} alone, the rest by default, the "
                f"connector can't be set up: {type(error).__name__}: {error}"
            )
        if self.bench.stage.settings_at(_ELSEWHERE) == settings and at(settings, "") == settings:
            wrong.append("no setting holds an http(s) URL, so that its OMS can be nowhere else")
        if not type(settings).__struct_config__.frozen:
            wrong.append(f"{type(settings).__name__} is not frozen, so that a call can change it")
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.BRONZE,
        why="`multiorder config schema` and every editor show a merchant what a setting is for; "
        "one without a description can only be guessed",
        mend='write Annotated[…, msgspec.Meta(description="…")], or name the field in a section '
        "Attributes: of the docstring",
    )
    def test_settings_are_documented(self) -> None:
        """Look for a description of each setting."""
        settings = type(self.bench.subject.settings)
        wrong = [f"the setting {path} has no description" for path in _undocumented(settings)]
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.BRONZE,
        why="what is not a Secret is shown by logs, errors and tracebacks",
        mend="make it a multiorder_sync.Secret, and reveal() it only where it is sent",
    )
    def test_secret_settings_are_secrets(self) -> None:
        """Look for settings that are secrets by their names and plain texts by their types."""
        settings = self.bench.subject.settings
        wrong = [
            f"the setting {path} sounds like a secret, and is a plain text"
            for path in _plain_secrets(type(settings))
        ]
        connector = self.bench.connector()
        for shown, what in ((repr(settings), "settings"), (repr(connector), "the connector")):
            if any(secret.reveal() in shown for secret in secrets_in(settings)):
                wrong.append(f"repr of {what} shows a secret")
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.BRONZE,
        why="every connector is set up when the configuration is loaded, before there is an event "
        "loop and whether its OMS is up or not",
        mend="keep settings and client in __init__, and do what needs the OMS in its methods",
    )
    def test_setting_up_does_nothing(self) -> None:
        """Set the connector up outside of an event loop, and watch what it reaches for."""
        try:
            done = self.bench.worker.run(self.bench.to_set_up(), _SETTING_UP_SECONDS)
        except Hung as hung:
            raise Nonconforming(f"__init__ {hung}") from None
        if done.error is not None:
            raise done.error
        if done.reached_out:
            raise Nonconforming(*(f"__init__ {each}" for each in done.reached_out))


def _fields(
    struct: type[msgspec.Struct], path: str
) -> Iterator[tuple[str, msgspec.structs.FieldInfo, type[msgspec.Struct]]]:
    """Yield path, field and owner of every setting, and of those within it."""
    for field in msgspec.structs.fields(struct):
        name = f"{path}{field.encode_name}"
        yield name, field, struct
        for inner in _kinds(field):
            if _is_struct(inner):
                yield from _fields(inner, f"{name}.")


def _kinds(field: msgspec.structs.FieldInfo) -> list[Any]:
    """Return the type of a setting, and those of what is in it."""
    kind = present_type(field.type)
    return [kind, *(present_type(inner) for inner in get_args(kind))]


def _is_struct(kind: Any) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _undocumented(struct: type[msgspec.Struct]) -> Iterator[str]:
    for name, field, owner in _fields(struct, ""):
        metas = getattr(field.type, "__metadata__", ())
        by_meta = any(getattr(meta, "description", None) for meta in metas)
        by_docstring = described(owner)[1].get(field.name)
        # A table of settings is described by its own type.
        by_type = any(_is_struct(kind) and kind.__doc__ for kind in _kinds(field))
        if not (by_meta or by_docstring or by_type):
            yield name


def _plain_secrets(struct: type[msgspec.Struct]) -> Iterator[str]:
    for name, field, _ in _fields(struct, ""):
        if _SOUNDS_SECRET.search(field.name.lower()) and Secret not in _kinds(field):
            yield name
