"""What the tables of `config.toml` look like in the file, before they are settings."""

from typing import Annotated, Any

import msgspec

from multiorder_sync.config.markers import NotInThisVersion
from multiorder_sync.config.settings import OnOutage, RequiredFields
from multiorder_sync.nacelle.readings import ItemPrice, TaxBehavior
from multiorder_sync.nacelle.signature import SignatureScheme
from multiorder_sync.secret import Secret


class JournalTable(msgspec.Struct, frozen=True, kw_only=True):
    """The durable record of orders: the table `[journal]`. Not in this version: it has no effect.

    Attributes:
        url: The database, "sqlite:///FILE" or "postgresql://…".
        retention_days: How long a settled order is kept.
    """

    url: str = "sqlite:///multiorder.db"
    retention_days: Annotated[int, msgspec.Meta(ge=1)] = 90


class SpaceTable(msgspec.Struct, frozen=True, kw_only=True):
    """One Nacelle space: the table `[spaces.ID]`, where ID is Nacelle's space id.

    Attributes:
        connector: The name of the connector that takes this space's orders to its OMS.
        secrets: The signing secrets; any of them may have signed a call, so that one can be
            rotated.
        headers: Further headers that every call must carry, each with its value.
        signature: How a call proves that it comes from Nacelle, where that is not as Nacelle
            documents it.
        deadline_seconds: How long a call may take until it is answered.
        on_outage: What is answered when the OMS is out of reach. "fail" tells Nacelle.
        enabled: Whether the space takes orders.
        required_fields: "strict" asks for every field that Nacelle marks required, "lenient" for
            what can't be done without.
        item_price: Whether an item's price is for one unit or for the line; "auto" takes what
            makes the order's figures add up.
        tax_behavior: Whether prices include tax; "auto" takes what makes the figures add up.
        oms: The settings of the connector.
        mapping: Place in the connector's payload to a JMESPath expression over `multi_order` and
            `order`, whose value is put there.
    """

    connector: str
    secrets: tuple[Secret, ...] = ()
    headers: dict[str, Secret] = {}
    signature: SignatureScheme = SignatureScheme()
    deadline_seconds: Annotated[float, msgspec.Meta(gt=0, le=300)] = 20.0
    on_outage: Annotated[OnOutage, NotInThisVersion(("queue",), "fail")] = "fail"
    enabled: bool = True
    required_fields: RequiredFields = "lenient"
    item_price: ItemPrice = "auto"
    tax_behavior: TaxBehavior = "auto"
    oms: dict[str, Any] = {}
    mapping: dict[str, Any] = {}
