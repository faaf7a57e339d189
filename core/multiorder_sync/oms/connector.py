"""The contract between core and a connector.

A connector turns one space's multi-orders into what one OMS takes, and speaks to that OMS. It
holds no state of an order and repeats nothing that can create one: whether a submission is tried
again is decided in `multiorder_sync.delivery` alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

import msgspec

from multiorder_sync.nacelle.figures import PricePolicy
from multiorder_sync.nacelle.orders import MultiOrder
from multiorder_sync.oms.outbound import OutboundClient
from multiorder_sync.outcome import PayloadT, Receipt, Submission

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)

API_VERSION = 1
"""The version of this contract; a connector states the one it was written for."""


class DuplicateGuard(StrEnum):
    """What the OMS does with a second create under a ref that it already holds."""

    REFUSES = "refuses"
    MERGES = "merges"
    NONE = "none"


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a transform may know beside the order.

    Attributes:
        space: Nacelle's space id.
        received_at: When the order was received, aware, UTC. A transform has no other clock.
        prices: How this space's item prices and taxes are to be read.
    """

    space: str
    received_at: datetime
    prices: PricePolicy = PricePolicy()


class Connector(ABC, Generic[SettingsT, PayloadT]):
    """What every connector is. One instance serves one space and many calls at once.

    Attributes:
        name: As `config.toml` names it.
        api_version: The `API_VERSION` it was written for.
        Settings: The type of the space's `oms` table.
        Payload: The type of `Submission.payload`, so that mappings are checked when loaded.
        not_carried: Each Nacelle field that this OMS does not get, and why.
        reserved: Places of the payload that no merchant's mapping may change, and why: what
            `find` knows the order by.
        duplicate_guard: What the OMS does with a second create under our ref.
        destination: The settings that say which OMS, or whose part of it, orders go to. An order
            that may be in one is not sent to another because these were changed.
    """

    name: ClassVar[str]
    api_version: ClassVar[int]
    Settings: ClassVar[type[msgspec.Struct]]
    Payload: ClassVar[type[msgspec.Struct]]
    not_carried: ClassVar[Mapping[str, str]] = {}
    reserved: ClassVar[Mapping[str, str]] = {}
    duplicate_guard: ClassVar[DuplicateGuard]
    destination: ClassVar[tuple[str, ...]] = ("base_url",)

    @abstractmethod
    def __init__(self, settings: SettingsT, http: OutboundClient) -> None:
        """Take the space's settings and the client for its OMS; no I/O.

        Raises:
            multiorder_sync.errors.ConfigurationError: If the settings contradict each other.
        """

    @abstractmethod
    def transform(self, order: MultiOrder, context: Context) -> Sequence[Submission[PayloadT]]:
        """Turn a multi-order into submissions: pure, without I/O or a clock.

        Returns:
            At least one submission; the refs are distinct, and the same for the same order.

        Raises:
            multiorder_sync.errors.Untransformable: If this OMS can't express the order.
        """

    @abstractmethod
    async def submit(self, submission: Submission[PayloadT]) -> Receipt:
        """Create the order in the OMS, once.

        Raises:
            multiorder_sync.errors.Refused: The OMS said no, and will again.
            multiorder_sync.errors.Unavailable: Certainly not created.
            multiorder_sync.errors.OutcomeUnknown: Anything else.
        """

    @abstractmethod
    async def find(self, submission: Submission[PayloadT]) -> Receipt | None:
        """Look the submission's order up in the OMS.

        Returns:
            The receipt if the OMS holds our order, None if it holds none under this ref.

        Raises:
            multiorder_sync.errors.RefTaken: Another order stands under this ref.
            multiorder_sync.errors.Unavailable: The OMS could not be asked.
        """

    @abstractmethod
    async def check(self) -> None:
        """Prove that the OMS is reached and takes the credentials, creating nothing.

        Raises:
            multiorder_sync.errors.CredentialsRefused: The OMS does not take the credentials.
            multiorder_sync.errors.OmsError: Anything else that is wrong.
        """

    async def aclose(self) -> None:
        """Release what the connector holds. The HTTP client is closed by core."""
