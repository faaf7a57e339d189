"""The GraphQL documents that the connector sends, as Fluent's schema defines them."""

from typing import Final

CREATE_ORDER: Final = """
mutation createOrder($input: CreateOrderInput!) {
  createOrder(input: $input) { id ref type status workflowRef createdOn retailer { id } }
}"""

FIND_ORDER: Final = """
query order($ref: String!) {
  order(ref: $ref) { id ref status retailer { id } attributes { name type value } }
}"""

CREATE_CUSTOMER: Final = """
mutation createCustomer($input: CreateCustomerInput!) {
  createCustomer(input: $input) { id ref username }
}"""

FIND_CUSTOMER: Final = """
query customer($ref: String!) {
  customer(ref: $ref) { id ref }
}"""

FIND_CUSTOMERS_BY_EMAIL: Final = """
query customers($email: [String]) {
  customers(primaryEmail: $email, first: 10) { edges { node { id ref primaryEmail } } }
}"""

WHO_AM_I: Final = """
query me {
  me { id username primaryRetailer { id } }
}"""
