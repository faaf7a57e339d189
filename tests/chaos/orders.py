"""The orders that are sent: small, right, and told apart by what can be seen in the OMS."""

import copy
import json

ADDRESS = {
    "first_name": "Ada",
    "last_name": "King",
    "address1": "1 St James's Square",
    "city": "Austin",
    "state": "TX",
    "postal_code": "78704",
    "country_iso2": "US",
}

PRICE = 10


class Order:
    """One multi-order that a shopper has paid for.

    Args:
        space: Where it goes.
        key: What Nacelle calls it.
        size: How many orders it holds.
        shopper: Whose it is.
    """

    def __init__(self, space, key, *, size, shopper):
        self.space = space
        self.key = key
        self.refs = tuple(f"{key}.{number}" for number in range(1, size + 1))
        self._shopper = f"shopper-{shopper}@example.com"

    def body(self, variant=1):
        """Return its bytes; a variant is other contents under the same key.

        What tells the variants apart is the quantity of every order's one item.
        """
        return json.dumps(self._plain(variant)).encode()

    def rewritten(self, variant, rng):
        """Return other bytes of the same content."""
        plain = self._plain(variant)
        plain["merchant_modified_at"] = f"2026-11-04T15:07:{rng.randrange(10, 60)}.120Z"
        plain["status"] = "processing"
        for order in plain["orders"]:
            for item in order["order_items"]:
                item["price"] = f"{PRICE}.0"
            rng.shuffle(order["metadata"]["tags"])
        shuffled = list(plain.items())
        rng.shuffle(shuffled)
        return json.dumps(dict(shuffled), indent=1).encode()

    def _plain(self, variant):
        total = f"{PRICE * variant}.00"
        amounts = {"price": total, "subtotal_price": total, "tax": "0.00", "currency": "USD"}
        orders = [
            {
                "id": ref,
                "email": self._shopper,
                **amounts,
                "shipping_address": copy.copy(ADDRESS),
                "metadata": {"tags": ["a", "b", "c"]},
                "order_items": [
                    {
                        "id": f"{ref}-1",
                        "sku": "SKU-1",
                        "quantity": variant,
                        "price": f"{PRICE}.00",
                        "subtotal_price": total,
                    }
                ],
            }
            for ref in self.refs
        ]
        whole = f"{PRICE * variant * len(orders)}.00"
        return {
            "id": self.key,
            "status": "paid",
            "email": self._shopper,
            "currency": "USD",
            "price": whole,
            "metadata": {"channel": "web", "campaign": "autumn"},
            "billing_address": copy.copy(ADDRESS),
            "customer": {"email": self._shopper, "first_name": "Ada", "last_name": "King"},
            "payments": [
                {
                    "external_id": f"pay-{self.key}",
                    "payment_type": "card",
                    "status": "succeeded",
                    "amount": whole,
                    "currency": "USD",
                }
            ],
            "orders": orders,
        }
