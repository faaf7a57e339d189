"""What would be sent for an order, without anything being sent."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from time import monotonic
from typing import Any, Final

import msgspec

from multiorder_sync.delivery.freezing import AnySubmission, context_of, freeze
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.errors import MultiOrderError, Vetoed
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.nacelle.figures import figures_of
from multiorder_sync.nacelle.inheritance import spellings
from multiorder_sync.nacelle.orders import MultiOrder
from multiorder_sync.oms.documents import without_indexes
from multiorder_sync.oms.experiments import places
from multiorder_sync.oms.hookspecs import HOOK_SECONDS
from multiorder_sync.oms.order_hooks import ADJUST, VETO, OrderHooks
from multiorder_sync.oms.provenance import Trace, trace
from multiorder_sync.oms.registry import InstalledHooks

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


class TakenOut(msgspec.Struct, frozen=True):
    """What a package took out of a submission.

    Attributes:
        by: The package's hook.
        sources: Where the value came from that stood there before.
    """

    by: str
    sources: tuple[str, ...]


class PreviewedSubmission(msgspec.Struct, frozen=True, kw_only=True):
    """One submission, and where its values come from.

    Attributes:
        ref: In the OMS.
        orders: The Nacelle orders that it stands for.
        notes: What was decided where the order left a choice.
        values: Place in the payload to value.
        sources: Place to where its value comes from: fields of the order, a mapping, a package's
            hook, or the connector itself.
        taken_out: The places that a package's hook emptied, each with whose and what stood there.
    """

    ref: str
    orders: tuple[str, ...]
    notes: tuple[str, ...]
    values: Mapping[str, Any]
    sources: Mapping[str, tuple[str, ...]]
    taken_out: Mapping[str, TakenOut]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What would be sent for an order.

    Attributes:
        space: For which.
        connector: Its connector.
        submissions: In their order.
        vetoed: Why a package keeps the order from being sent; None if none does.
        also_said: The fields of the order that say the same as others, each with those it is taken
            from.
        not_carried: The fields of the order that change nothing that is sent, each with why.
    """

    space: str
    connector: str
    submissions: tuple[PreviewedSubmission, ...]
    vetoed: str | None
    also_said: Mapping[str, tuple[str, ...]]
    not_carried: Mapping[str, str]


class Previewer:
    """Makes previews for one space.

    Args:
        space: The space.
        received_at: When the order counts as received, aware, UTC.
        hooks: The packages that have a say in orders, in the order in which they are asked.
        watch: Is told how many experiments are done to find out where values come from, and of
            how many.
    """

    def __init__(
        self,
        space: ServedSpace,
        received_at: datetime,
        hooks: Sequence[InstalledHooks] = (),
        watch: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> None:
        self._space = space
        self._received_at = received_at
        self._hooks = hooks
        self._watch = watch
        self._decoder = OrderDecoder()

    async def of(self, body: bytes) -> Preview:
        """Return what would be sent.

        Packages are asked once, about the order as it is: what they do is not experimented with.

        Args:
            body: The multi-order as Nacelle would send it.

        Raises:
            InvalidOrder: If it is none.
            Untransformable: If the OMS can't express it.
            HookFailed: If a package's hook fails.
            ConnectorUnavailable: If the space's connector is broken.
        """
        order = self._decoded(body)
        made = self._made(order)
        adjusted, by_hooks = await self._adjusted(made, order)
        vetoed = await self._vetoed(adjusted, order)
        traced = trace(
            _DECODER.decode(body),
            figures_of(order, self._space.settings.prices),
            lambda document: self._made(self._decoded(_ENCODER.encode(document))),
            self._watch,
        )
        return Preview(
            space=self._space.id,
            connector=self._space.settings.connector,
            submissions=tuple(
                self._previewed(submission, sources, hooks)
                for submission, sources, hooks in zip(
                    adjusted, traced.sources, by_hooks, strict=True
                )
            ),
            vetoed=vetoed,
            also_said=traced.also_said,
            not_carried=self._not_carried(traced),
        )

    def _decoded(self, body: bytes) -> MultiOrder:
        required = self._space.settings.required_fields
        return self._decoder.decode(body, required_fields=required)

    def _made(self, order: MultiOrder) -> tuple[AnySubmission, ...]:
        try:
            return freeze(order, self._space, self._received_at)
        except TypeError as error:
            raise MultiOrderError(f"The connector does not keep its contract: {error}.") from error

    async def _adjusted(
        self, made: tuple[AnySubmission, ...], order: MultiOrder
    ) -> tuple[tuple[AnySubmission, ...], list[dict[str, str]]]:
        """Return the submissions as the packages would have them, and which places are whose."""
        by_hooks: list[dict[str, str]] = [{} for _ in made]
        for package in self._hooks:
            before = [places(each.payload) for each in made]
            made = await self._asked(package, ADJUST, made, order)
            hook = f"hook of {package.distribution} {package.version}"
            for touched, was, submission in zip(by_hooks, before, made, strict=True):
                now = places(submission.payload)
                touched |= {
                    place: hook for place in (*was, *now) if was.get(place) != now.get(place)
                }
        return made, by_hooks

    async def _vetoed(self, made: tuple[AnySubmission, ...], order: MultiOrder) -> str | None:
        for package in self._hooks:
            try:
                await self._asked(package, VETO, made, order)
            except Vetoed as veto:
                return str(veto)
        return None

    async def _asked(
        self,
        package: InstalledHooks,
        hook: str,
        made: tuple[AnySubmission, ...],
        order: MultiOrder,
    ) -> tuple[AnySubmission, ...]:
        """Let one package have its say by one of its hooks, by the way that delivery takes."""
        only = {name: each for name, each in package.hooks.items() if name == hook}
        hooks = OrderHooks([msgspec.structs.replace(package, hooks=only)])
        try:
            return await hooks.before_freezing(
                made,
                order,
                context_of(self._space, self._received_at),
                reserved=self._space.connector.reserved,
                deadline=monotonic() + HOOK_SECONDS,
            )
        finally:
            hooks.close()

    def _previewed(
        self,
        submission: AnySubmission,
        found: Mapping[str, tuple[str, ...]],
        hooks: Mapping[str, str],
    ) -> PreviewedSubmission:
        values = places(submission.payload)
        return PreviewedSubmission(
            ref=submission.ref,
            orders=submission.orders,
            notes=submission.notes,
            values=values,
            sources={
                place: (hooks[place],) if place in hooks else self._sources(place, found)
                for place in values
            },
            taken_out={
                place: TakenOut(hook, self._sources(place, found))
                for place, hook in hooks.items()
                if place not in values
            },
        )

    def _sources(self, place: str, found: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Return where a place has its value from, before any package had its say."""
        rules = self._space.settings.mapping.rules
        rule = next((each for each in rules if _within(place, each.place.path)), None)
        if rule is not None:
            return (f"mapping: {rule.expression.text}",)
        fields = found.get(place, ())
        if len(fields) > 1 and any(_within(place, each) for each in self._space.connector.reserved):
            return ("the whole order",)
        return fields or ("the connector or its settings",)

    def _not_carried(self, traced: Trace) -> dict[str, str]:
        reasons = self._space.connector.not_carried
        said: dict[str, str] = {}
        nothing = "changes nothing that is sent for this order"
        if any(ADJUST in package.hooks for package in self._hooks):
            nothing += "; what hooks take from it is not looked into"
        for field in traced.without_effect:
            # What is said of a multi-order's address holds for an order's own.
            forms = spellings(without_indexes(field))
            named = [name for name in reasons if any(_within(form, name) for form in forms)]
            best = max(named, key=len, default=None)
            said[field] = reasons[best] if best else nothing
        return said


def _within(place: str, path: str) -> bool:
    return place == path or place.startswith((f"{path}.", f"{path}["))
