"""The mapper that one would write in an afternoon: what the product is compared with.

It decodes with `json`, checks the signature, maps a few fields, and posts to the OMS with a plain
httpx client: no journal of any kind, no look-ups, no retries, no exact figures.
"""

import hashlib
import hmac
import json

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

MUTATION = (
    "mutation createOrder($input: CreateOrderInput) { createOrder(input: $input) { id ref } }"
)


def create_naive_app(base_url: str, secret: bytes, customer_id: str, token: str) -> Starlette:
    client = httpx.AsyncClient(headers={"authorization": f"Bearer {token}"})

    async def consume(request: Request) -> JSONResponse:
        body = await request.body()
        signature = request.headers["x-nacelle-signature-sha256"].removeprefix("sha256=")
        if not hmac.compare_digest(hmac.new(secret, body, hashlib.sha256).hexdigest(), signature):
            return JSONResponse({"order": {}}, 401)
        received = json.loads(body)
        for order in received["orders"]:
            answer = await client.post(
                f"{base_url}/graphql",
                json={"query": MUTATION, "variables": {"input": _input(order, customer_id)}},
            )
            if "errors" in answer.json():
                return JSONResponse({"order": {}, "error": answer.json()}, 422)
        return JSONResponse({"order": received})

    return Starlette(routes=[Route("/spaces/acme/sync/consume", consume, methods=["POST"])])


def _input(order: dict, customer_id: str) -> dict:
    address = order["shipping_address"]
    return {
        "ref": order["id"],
        "type": "HD",
        "retailer": {"id": "1"},
        "customer": {"id": customer_id},
        "totalPrice": float(order["price"]),
        "items": [
            {
                "ref": item["id"],
                "productRef": item["sku"],
                "quantity": item["quantity"],
                "price": float(item["price"]),
            }
            for item in order["order_items"]
        ],
        "fulfilmentChoice": {
            "deliveryType": "STANDARD",
            "deliveryAddress": {"ref": order["id"], "street": address["address1"]},
        },
    }
