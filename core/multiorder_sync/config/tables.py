"""What the tables of `config.toml` look like in the file, before they are settings."""

from typing import Annotated, Any

import msgspec

from multiorder_sync.config.settings import LimitSettings, OnOutage, RequiredFields
from multiorder_sync.nacelle.readings import ItemPrice, TaxBehavior
from multiorder_sync.nacelle.signature import SignatureScheme
from multiorder_sync.secret import Secret


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
        on_outage: What is answered when the OMS is out of reach. "fail" tells Nacelle, and sends
            nothing behind its back; "queue" answers 200 and delivers the order later.
        enabled: Whether the space takes orders.
        required_fields: "strict" asks for every field that Nacelle marks required, "lenient" for
            what can't be done without.
        item_price: Whether an item's price is for one unit or for the line; "auto" takes what
            makes the order's figures add up.
        tax_behavior: Whether prices include tax; "auto" takes what makes the figures add up.
        limits: How much the space may ask of its OMS, for each process.
        oms: The settings of the connector.
        mapping: Place in the connector's payload to a JMESPath expression over `multi_order` and
            `order`, whose value is put there.
    """

    connector: str
    secrets: tuple[Secret, ...] = ()
    headers: dict[str, Secret] = {}
    signature: SignatureScheme = SignatureScheme()
    deadline_seconds: Annotated[float, msgspec.Meta(gt=0, le=300)] = 20.0
    on_outage: OnOutage = "fail"
    enabled: bool = True
    required_fields: RequiredFields = "lenient"
    item_price: ItemPrice = "auto"
    tax_behavior: TaxBehavior = "auto"
    limits: LimitSettings = LimitSettings()
    oms: dict[str, Any] = {}
    mapping: dict[str, Any] = {}
