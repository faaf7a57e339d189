"""The sample orders: who bought, where it goes, how it gets there, and what else is said."""

import json

from multiorder_fluentcommerce.payload import wire


def sent(kit, name, **settings):
    return [wire(submission.payload) for submission in kit.transform(name, **settings)]


def attributes(holder):
    return {each["name"]: each["value"] for each in holder.get("attributes", ())}


def test_home_delivery(kit):
    (order,) = sent(kit, "single")
    choice = order["fulfilmentChoice"]
    assert "fulfilmentChoices" not in order
    assert not [item for item in order["items"] if "fulfilmentChoiceRef" in item]
    assert {name: choice[name] for name in choice if "Price" not in name} == {
        "ref": f"{order['ref']}-1",
        "type": "HD",
        "currency": "USD",
        "fulfilmentType": "HD_PFS",
        "deliveryType": "STANDARD",
        "deliveryInstruction": "Gate code 4417",
        "deliveryFirstName": "Marisol",
        "deliveryLastName": "Okafor",
        "deliveryContact": "+15125550147",
        "deliveryEmail": "marisol.okafor@example.com",
        "deliveryAddress": {
            "ref": "68bc8110-b5f0-4c75-9214-36ba60a3b882",
            "name": "Marisol Okafor",
            "street": "2210 Pecan Hollow Drive",
            "street2": "Unit 3B",
            "city": "Austin",
            "state": "TX",
            "region": "Texas",
            "postcode": "78704",
            "country": "US",
            "email": "marisol.okafor@example.com",
        },
    }
    assert order["billingAddress"] == {
        name: value for name, value in choice["deliveryAddress"].items() if name != "ref"
    }


def test_customer(kit):
    (order,) = sent(kit, "single")
    customer = order["customer"]
    assert attributes(customer) == {
        "nacelle_customer_id": "1bdf3d62-c824-40fa-98eb-ee0bb3772b1b",
        "nacelle_customer_source_external_id": "shop-cust-88213",
        "nacelle_customer_metadata": {"loyalty_tier": "silver", "marketing_opt_in": True},
        "nacelle_customer_created_at": "2025-03-11T16:19:58Z",
    }
    del customer["attributes"]
    assert customer == {
        "username": "marisol.okafor@example.com",
        "primaryEmail": "marisol.okafor@example.com",
        "timezone": "UTC",
        "promotionOptIn": False,
        "retailer": {"id": "1"},
        "country": "US",
        "firstName": "Marisol",
        "lastName": "Okafor",
        "primaryPhone": "+15125550147",
    }


def test_a_guest_is_known_by_their_email_and_the_name_on_the_bill(kit):
    (order,) = sent(kit, "guest")
    assert order["customer"] == {
        "username": "r.achebe@example.com",
        "primaryEmail": "r.achebe@example.com",
        "timezone": "UTC",
        "promotionOptIn": False,
        "retailer": {"id": "1"},
        "country": "CA",
        "firstName": "Rosalind",
        "lastName": "Achebe",
        "primaryPhone": "+14165550163",
    }
    # Their address has no id, so that it is called by the choice.
    assert order["fulfilmentChoice"]["deliveryAddress"]["ref"] == f"{order['ref']}-1-address"


def test_two_addresses(kit):
    orders = sent(kit, "multi-two-addresses")
    addresses = [order["fulfilmentChoice"]["deliveryAddress"] for order in orders]
    assert [(address["name"], address["city"]) for address in addresses] == [
        ("Theodore Lindqvist", "Minneapolis"),
        ("Annika Lindqvist-Rao", "Denver"),
        ("Theodore Lindqvist", "Minneapolis"),
    ]
    assert [order["fulfilmentChoice"].get("deliveryInstruction") for order in orders] == [
        None,
        "Ring twice",
        None,
    ]
    # A parcel for somebody else: they are delivered to, and the customer stays who paid.
    assert [order["fulfilmentChoice"]["deliveryFirstName"] for order in orders] == [
        "Theodore",
        "Annika",
        "Theodore",
    ]
    assert {order["customer"]["username"] for order in orders} == {"theo.lindqvist@example.com"}
    assert {order["billingAddress"]["city"] for order in orders} == {"Minneapolis"}
    assert len({attributes(order)["nacelle_fingerprint"] for order in orders}) == 3
    assert attributes(orders[1])["nacelle_order_metadata"] == {"gift": True}
    assert attributes(orders[1])["nacelle_order_comment"].startswith("Gift: no prices")
    assert attributes(orders[2])["nacelle_fulfillments"][0]["assigned_location_id"] == "DC_MEMPHIS"


def test_click_and_collect(kit):
    (order,) = sent(kit, "click-and-collect")
    choice = order["fulfilmentChoice"]
    assert (choice["type"], choice["fulfilmentType"]) == ("CC", "CC_PFS")
    assert choice["pickupLocationRef"] == "LOC_MELB_CBD"
    assert "deliveryAddress" not in choice
    assert (choice["deliveryFirstName"], choice["deliveryLastName"]) == (
        "Callum",
        "Fitzgerald-Ngata",
    )
    assert attributes(order)["nacelle_order_metadata"]["pickup_person"] == "Leilani Ngata"


def test_lines_that_nobody_ships(kit):
    (order,) = sent(kit, "digital")
    assert "fulfilmentChoice" not in order
    (choice,) = order["fulfilmentChoices"]
    assert (choice["type"], choice["fulfilmentType"], choice["deliveryType"]) == (
        "DIGITAL",
        "DIGITAL",
        "EMAIL",
    )
    assert "deliveryAddress" not in choice
    assert choice["deliveryEmail"] == "bea.olowokere@example.com"
    assert {item["fulfilmentChoiceRef"] for item in order["items"]} == {choice["ref"]}
    recipient = attributes(order["items"][1])["nacelle_metadata"]["recipient_email"]
    assert recipient == "jonah.olowokere@example.com"


def test_a_download_among_lines_that_are_shipped(kit):
    (order,) = sent(kit, "mixed-physical-digital")
    assert [(each["ref"], each["type"]) for each in order["fulfilmentChoices"]] == [
        (f"{order['ref']}-1", "HD"),
        (f"{order['ref']}-2", "DIGITAL"),
    ]
    assert ["deliveryAddress" in each for each in order["fulfilmentChoices"]] == [True, False]
    assert [item["fulfilmentChoiceRef"] for item in order["items"]] == [
        f"{order['ref']}-1",
        f"{order['ref']}-1",
        f"{order['ref']}-2",
    ]


def test_an_address_with_a_province_and_no_state(kit):
    (order,) = sent(kit, "kwd")
    address = order["fulfilmentChoice"]["deliveryAddress"]
    assert address["state"] == "Hawalli"
    assert "region" not in address
    assert order["fulfilmentChoice"]["deliveryInstruction"] == "Near the co-operative society"


def test_names_of_other_scripts_and_great_length(kit):
    orders = sent(kit, "non-latin-names")
    addresses = [order["fulfilmentChoice"]["deliveryAddress"] for order in orders]
    assert addresses[0]["name"] == "さくら 𠮷田"
    assert addresses[1]["city"] == "دبي"
    assert addresses[2]["name"].endswith("Ordóñez-Cañizares de la Cerda")
    assert len(addresses[2]["name"]) > 100
    # With its combining marks, and so not as an editor would write it.
    first_name = kit.sample("non-latin-names")["customer"]["first_name"]
    assert {order["customer"]["firstName"] for order in orders} == {first_name}
    gift = attributes(orders[0]["items"][0])["nacelle_metadata"]["gift_message"]
    assert gift.endswith("👩🏽‍🦱❤️ 🇯🇵🇻🇳")


def test_discounts_and_promotion_are_told(kit):
    (order,) = sent(kit, "discounts-and-promotion")
    of_order = attributes(order)
    assert of_order["nacelle_order_discount_amount"] == "20.00"
    assert [each["name"] for each in of_order["nacelle_multi_order_discounts"]] == [
        "Welcome",
        "Silver member",
    ]
    # What the order only repeats is said once.
    assert "nacelle_order_discounts" not in of_order
    assert of_order["nacelle_promotion"]["coupon_codes"] == ["WELCOME15", "HOMEFEST"]
    throw = attributes(order["items"][1])
    assert throw["nacelle_discount_amount"] == "16.90"
    assert throw["nacelle_order_discount_amount"] == "8.95"
    assert [each["amount"] for each in throw["nacelle_discounts"]] == ["11.90", "5.00"]
    assert "nacelle_discount_amount" not in attributes(order["items"][2])


def test_attributes_of_the_ordinary_order(kit):
    (order,) = sent(kit, "single")
    of_order = attributes(order)
    assert set(of_order) == {
        "nacelle_client_data",
        "nacelle_fingerprint",
        "nacelle_multi_order_comment",
        "nacelle_multi_order_created_at",
        "nacelle_multi_order_id",
        "nacelle_multi_order_metadata",
        "nacelle_multi_order_status",
        "nacelle_order_comment",
        "nacelle_order_created_at",
        "nacelle_order_entry_id",
        "nacelle_order_id",
        "nacelle_order_metadata",
        "nacelle_order_source_external_id",
        "nacelle_order_status",
        "nacelle_shipping_rate",
        "nacelle_delivery_comment",
        "nacelle_tax_data",
        "nacelle_tax_rate",
    }
    assert of_order["nacelle_multi_order_created_at"] == "2026-11-04T15:07:02.418000Z"
    assert of_order["nacelle_shipping_rate"]["display_name"] == "Ground shipping"
    assert set(attributes(order["items"][0])) == {
        "nacelle_comment",
        "nacelle_description",
        "nacelle_entry_id",
        "nacelle_item_id",
        "nacelle_metadata",
        "nacelle_product_external_id",
        "nacelle_product_id",
        "nacelle_source_external_id",
        "nacelle_status",
        "nacelle_tax_rate",
        "nacelle_variant_id",
    }
    assert attributes(order["financialTransactions"][0]) == {
        "nacelle_payment_id": "63a50407-145f-45c3-b4cb-7384b8ed6239",
        "nacelle_payment_type": "card",
        "nacelle_payment_method_id": "pm_1SPmc54vN2dW8qLkRk3b",
        "nacelle_payment_status": "succeeded",
        "nacelle_processor_status": "succeeded",
        "nacelle_card_brand": "visa",
        "nacelle_payment_data": {
            "last4": "4242",
            "exp_month": 9,
            "exp_year": 2029,
            "three_d_secure": False,
        },
    }


def test_an_attribute_is_a_text_or_json(kit):
    (order,) = sent(kit, "single")
    kinds = {each["name"]: each["type"] for each in order["attributes"]}
    assert kinds["nacelle_order_id"] == "STRING"
    assert kinds["nacelle_order_metadata"] == "JSON"
    json.dumps([each["value"] for each in order["attributes"]])


def test_a_divided_payment_tells_its_whole(kit):
    orders = sent(kit, "multi-two-addresses")
    wholes = [attributes(each) for order in orders for each in order["financialTransactions"]]
    assert {each["nacelle_payment_amount"] for each in wholes} == {"175.00", "338.23"}
    (single,) = sent(kit, "single")
    assert "nacelle_payment_amount" not in attributes(single["financialTransactions"][0])
