"""The upsert: what a second save under the same OrderId does, at every level."""

import contextlib

import pytest

from multiorder_manhattan.sandbox import create_sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINE = "OrderLine[0]"
METHOD = "Payment[0].PaymentMethod[0]"

# Each list with its key, and where it stands.
KEYED = [
    ("OrderLine", "OrderLineId"),
    ("OrderChargeDetail", "ChargeDetailId"),
    ("OrderTaxDetail", "TaxDetailId"),
    ("OrderNote", "NoteId"),
    ("OrderHold", "HoldTypeId"),
    ("OrderAttribute", "AttributeName"),
    ("OrderTagDetail", "Tag"),
    ("OrderPromotionRequest", "PromotionRequestId"),
    (f"{LINE}.OrderLineChargeDetail", "ChargeDetailId"),
    (f"{LINE}.OrderLineTaxDetail", "TaxDetailId"),
    (f"{LINE}.OrderLineNote", "NoteId"),
    (f"{LINE}.OrderLineAttribute", "AttributeName"),
    ("Payment[0].PaymentMethod", "PaymentMethodId"),
    (f"{METHOD}.PaymentMethodAttribute", "Name"),
    (f"{METHOD}.PaymentTransaction", "PaymentTransactionId"),
]


def at(order, path):
    for step in path.replace("[0]", "").split("."):
        order = order[0] if isinstance(order, list) else order
        order = order[step]
    return order


async def one(manhattan):
    held = await manhattan.held()
    assert len(held) == 1
    return held[0]


async def test_the_same_save_again_changes_nothing(manhattan):
    order = manhattan.order()
    # What has no key of its own is always added; it has a test below.
    del order["OrderLine"][0]["OrderLineVASInstructions"]
    await manhattan.saved(order)
    first = await one(manhattan)

    await manhattan.saved(order)

    again = await one(manhattan)
    assert again["order"] == first["order"]
    assert again["totals"] == first["totals"]
    assert again["sent"] == [order, order]


@pytest.mark.parametrize(("path", "key"), KEYED)
async def test_a_child_is_updated_by_its_key(manhattan, path, key):
    order = manhattan.order()
    await manhattan.saved(order)
    before = len(at((await one(manhattan))["order"], path))

    await manhattan.saved(order)

    children = at((await one(manhattan))["order"], path)
    assert len(children) == before
    assert [child[key] for child in children] == [child[key] for child in at(order, path)]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (path, key)
        for path, key in KEYED
        if key not in {"OrderLineId", "HoldTypeId", "AttributeName", "Tag", "Name"}  # required
    ],
)
async def test_a_child_without_its_key_is_added_each_time(manhattan, path, key):
    order = manhattan.order()
    for child in at(order, path):
        del child[key]

    await manhattan.saved(order)
    once = at((await one(manhattan))["order"], path)
    await manhattan.saved(order)

    twice = at((await one(manhattan))["order"], path)
    assert len(twice) == 2 * len(once)
    assert len({child[key] for child in twice}) == len(twice)


async def test_what_has_no_key_at_all_is_added_each_time(manhattan):
    for _ in range(2):
        await manhattan.saved(manhattan.order())

    line = (await one(manhattan))["order"]["OrderLine"][0]
    assert line["OrderLineVASInstructions"] == [{"VasInstructions": "Wrap in blue"}] * 2


async def test_unstable_keys_double_the_money(manhattan):
    order = manhattan.order()
    await manhattan.saved(order)
    order["OrderChargeDetail"][0]["ChargeDetailId"] = "another"

    await manhattan.saved(order)

    assert (await one(manhattan))["totals"]["OrderTotal"] == 34.01


async def test_absent_attributes_stay_untouched(manhattan):
    await manhattan.saved(manhattan.order())
    before = (await one(manhattan))["order"]

    await manhattan.saved({"OrderId": "W-1", "IsCancelled": True})

    assert (await one(manhattan))["order"] == {**before, "IsCancelled": True}


async def test_only_what_is_sent_of_a_child_is_updated(manhattan):
    await manhattan.saved(manhattan.order())
    before = (await one(manhattan))["order"]["OrderLine"]

    await manhattan.saved(
        {
            "OrderId": "W-1",
            "OrderLine": [
                {
                    "OrderLineId": "2",
                    "Quantity": 3,
                    "ShipToAddress": {"Address": {"City": "Macon"}},
                    "Extended": {"Engraving": "B"},
                }
            ],
        }
    )

    first, second = (await one(manhattan))["order"]["OrderLine"]
    assert first == before[0]
    address = {**before[1]["ShipToAddress"]["Address"], "City": "Macon"}
    assert second == {
        **before[1],
        "Quantity": 3,
        "ShipToAddress": {"Address": address},
        "Extended": {"Engraving": "B"},
    }


async def test_custom_attributes_are_merged_by_name(manhattan):
    await manhattan.saved(manhattan.order("WEB", "Extended", {"A": 1, "B": 1}))

    await manhattan.saved({"OrderId": "W-1", "Extended": {"B": 2}})

    assert (await one(manhattan))["order"]["Extended"] == {"A": 1, "B": 2}


async def test_there_is_one_payment_header_whatever_it_is_called(manhattan):
    await manhattan.saved(manhattan.order("WEB", "Payment[0].PaymentGroupId", "a"))

    update = {"PaymentGroupId": "b", "PaymentMethod": [{"PaymentMethodId": "gift", "Amount": 8}]}
    await manhattan.saved({"OrderId": "W-1", "Payment": [update]})

    held = (await one(manhattan))["order"]["Payment"]
    assert [payment["PaymentGroupId"] for payment in held] == ["b"]
    assert [method["Amount"] for method in held[0]["PaymentMethod"]] == [20.01, 8]


@pytest.mark.parametrize("nothing", [None, []])
async def test_an_empty_list_touches_nothing(manhattan, nothing):
    await manhattan.saved(manhattan.order())
    before = (await one(manhattan))["order"]

    await manhattan.saved({"OrderId": "W-1", "OrderLine": nothing, "OrderNote": nothing})

    assert (await one(manhattan))["order"] == before


async def test_null_takes_a_value_away_unless_it_is_required(manhattan):
    await manhattan.saved(manhattan.order())

    await manhattan.saved({"OrderId": "W-1", "CustomerPhone": None, "CapturedDate": ""})
    refused = await manhattan.refused({"OrderId": "W-1", "CurrencyCode": None})

    assert refused == [("CurrencyCode", "CurrencyCode is required.")]
    held = (await one(manhattan))["order"]
    assert (held["CapturedDate"], held["CurrencyCode"]) == (None, "USD")


async def test_a_refused_update_leaves_the_order_as_it_was(manhattan):
    await manhattan.saved(manhattan.order())
    before = await one(manhattan)

    update = {"OrderLine": [{"OrderLineId": "1", "Quantity": 5}, {"OrderLineId": "3"}]}
    await manhattan.refused({"OrderId": "W-1", "AlternateOrderId": "other", **update})

    assert await one(manhattan) == before


async def test_an_update_needs_what_a_create_needs_of_a_new_child_only(manhattan):
    await manhattan.saved(manhattan.order())

    update = {"OrderId": "W-1", "Payment": [{"PaymentMethod": [{"PaymentMethodId": "more"}]}]}

    assert [code for code, _ in await manhattan.refused(update)] == [
        "PaymentType",
        "Amount",
        "CurrencyCode",
    ]


@pytest.mark.parametrize("order_id", [None, "", " "])
async def test_an_order_without_an_id_is_a_new_one_each_time(manhattan, order_id):
    order = manhattan.order("WEB", "OrderId", order_id)

    first = (await manhattan.saved(order))["OrderId"]
    second = (await manhattan.saved(order))["OrderId"]

    assert first != second
    assert await manhattan.ids() == [first, second]
    assert 11 <= len(first) <= 19


async def test_orders_under_different_ids_have_nothing_to_do_with_each_other(manhattan):
    await manhattan.saved(manhattan.order())
    await manhattan.saved(manhattan.order("VAT"))

    assert [len(held["order"]["OrderLine"]) for held in await manhattan.held()] == [2, 1]


async def test_every_save_may_add_its_children_anew(connect):
    async with contextlib.AsyncExitStack() as stack:
        manhattan = await connect(stack, create_sandbox(merge_children=False))
        for _ in range(2):
            await manhattan.saved(manhattan.order())

        held = await one(manhattan)
        for path, key in KEYED:
            if path.startswith((LINE, METHOD)):
                continue  # the line or the method is added anew, with its own children
            keys = [child[key] for child in at(held["order"], path)]
            assert len(keys) > len(set(keys))
        assert held["totals"]["OrderTotal"] == 58.02
        assert held["totals"]["PaymentTotal"] == 58.02


# Versions


def version(manhattan, value, **fields):
    return {"OrderId": "W-1", "OrderActions": {"VersionTimestamp": value}, **fields}


async def test_a_create_with_a_version_that_is_stamped_is_refused(manhattan):
    order = manhattan.order("WEB", "OrderActions.VersionTimestamp", "1")
    assert (await manhattan.saved(order))["VersionTimestamp"] == "1"
    before = await one(manhattan)

    words = "Order W-1, is bridged in with a stale/decremented or non integer version - 1"
    assert await manhattan.refused(order) == [("10208", words)]
    assert await one(manhattan) == before


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("6", "6"), ("10", "10"), (None, "5"), ("5", None), ("4", None), ("-9", None), ("x", None)],
)
async def test_a_version_must_be_higher(manhattan, sent, kept):
    await manhattan.saved(manhattan.order("WEB", "OrderActions.VersionTimestamp", "5"))
    update = version(manhattan, sent, IsConfirmed=False)

    if kept:
        assert (await manhattan.saved(update))["VersionTimestamp"] == kept
    else:
        assert [code for code, _ in await manhattan.refused(update)] == ["10208"]
        assert (await one(manhattan))["order"]["IsConfirmed"] is True


async def test_a_save_without_a_version_is_taken_and_keeps_the_stamp(manhattan):
    await manhattan.saved(manhattan.order("WEB", "OrderActions.VersionTimestamp", "5"))

    data = await manhattan.saved({"OrderId": "W-1", "IsConfirmed": False})

    assert (data["VersionTimestamp"], data["IsConfirmed"]) == ("5", False)


async def test_an_order_without_a_stamp_takes_any_version(manhattan):
    assert (await manhattan.saved(manhattan.order()))["VersionTimestamp"] is None

    assert (await manhattan.saved(version(manhattan, "1")))["VersionTimestamp"] == "1"


async def test_a_refused_save_leaves_no_stamp(manhattan):
    await manhattan.saved(manhattan.order())

    await manhattan.refused(version(manhattan, "7", CurrencyCode=None))

    assert (await manhattan.saved(version(manhattan, "1")))["VersionTimestamp"] == "1"


# Statuses


@pytest.mark.parametrize("status", ["3000", "7000", "9000"])
async def test_an_order_that_has_moved_on_is_not_modified(manhattan, status):
    await manhattan.saved(manhattan.order())
    moved = await manhattan.move("W-1", status)
    assert (moved.status_code, moved.json()) == (200, {"OrderId": "W-1", "status": status})

    words = f"Order W-1: modification is not permitted at status {status}."
    update = {"OrderId": "W-1", "IsConfirmed": False}
    assert await manhattan.refused(update) == [("ord::10007", words)]

    assert (await one(manhattan))["order"]["IsConfirmed"] is True
    assert (await one(manhattan))["status"] == status


async def test_an_order_that_is_not_released_yet_is_modified(manhattan):
    await manhattan.saved(manhattan.order())
    await manhattan.move("W-1", "2000")

    data = await manhattan.saved({"OrderId": "W-1", "IsConfirmed": False})

    assert data["MaxFulfillmentStatus"] == {"StatusId": "2000"}


async def test_a_save_that_modifies_nothing_is_taken_at_any_status(manhattan):
    order = manhattan.order("VAT", f"{LINE}.OrderLinePickupDetail", [])
    await manhattan.saved(order)
    await manhattan.move("V-1", "7000")

    assert (await manhattan.saved(order))["MinFulfillmentStatus"] == {"StatusId": "7000"}


async def test_an_import_is_not_held_up_by_a_status(manhattan):
    await manhattan.saved(manhattan.order())
    await manhattan.move("W-1", "7000")

    actions = {"OrderActions": {"IsImport": True}, "IsConfirmed": False}
    assert (await manhattan.saved({"OrderId": "W-1", **actions}))["IsConfirmed"] is False


async def test_an_order_is_moved_to_statuses_that_there_are(manhattan):
    await manhattan.saved(manhattan.order())

    assert (await manhattan.move("W-1", "1234")).status_code == 400
    assert (await manhattan.move("W-2", "3000")).status_code == 404
    url = "/_sandbox/orders/W-1/status"
    for content in (b"", b"[]", b'{"status": 3000}', b'{"status": "3000", "x": 1}', b"[" * 9999):
        assert (await manhattan.http.post(url, content=content)).status_code == 400
    assert (await one(manhattan))["status"] == "1000"
