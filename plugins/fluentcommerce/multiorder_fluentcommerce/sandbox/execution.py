"""One GraphQL request: read, executed, answered."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from multiorder_fluentcommerce.sandbox.refusal import ErrorStyle, Refusal, worded
from multiorder_fluentcommerce.sandbox.schema import Root

_TOO_DEEP: Final = "The document is nested too deeply."


class InvalidRequest(ValueError):
    """The body is no GraphQL request; the text is one sentence."""


class GraphQLRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A GraphQL request, as its JSON has it."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = msgspec.field(name="operationName", default=None)

    @classmethod
    def read(cls, body: bytes) -> "GraphQLRequest":
        """Read a request's body.

        Raises:
            InvalidRequest: If it is no GraphQL request.
        """
        try:
            return msgspec.json.decode(body, type=cls)
        except msgspec.ValidationError as error:
            raise InvalidRequest(f"The body is no GraphQL request: {error}.") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InvalidRequest("The body is no valid JSON.") from None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose document was parsed, as far as that went.

    Attributes:
        request: The request.
        document: What was parsed, or why that failed.
    """

    request: GraphQLRequest
    document: DocumentNode | GraphQLError

    @classmethod
    def parse(cls, request: GraphQLRequest) -> "Call":
        """Parse a request's document."""
        try:
            return cls(request=request, document=parse(request.query))
        except GraphQLError as error:
            return cls(request=request, document=error)
        except RecursionError:
            return cls(request=request, document=GraphQLError(_TOO_DEEP))

    @property
    def operations(self) -> AbstractSet[str]:
        """The root fields that are asked for."""
        if isinstance(self.document, GraphQLError):
            return frozenset()
        operation = get_operation_ast(self.document, self.request.operation_name)
        fragments = {
            node.name.value: node.selection_set
            for node in self.document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        names: set[str] = set()
        waiting = [] if operation is None else [operation.selection_set]
        while waiting:
            for node in waiting.pop().selections:
                if isinstance(node, FieldNode):
                    names.add(node.name.value)
                elif isinstance(node, InlineFragmentNode):
                    waiting.append(node.selection_set)
                elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
                    waiting.append(fragments.pop(node.name.value))
        return names

    @property
    def order_ref(self) -> str | None:
        """The ref of the order that is sent as the variable `input`; None if there is none."""
        match self.request.variables:
            case {"input": {"ref": str(ref)}}:
                return ref
            case _:
                return None

    def execute(self, root: Root, style: ErrorStyle) -> dict[str, Any]:
        """Execute the call and return its answer."""
        if isinstance(self.document, GraphQLError):
            return {"errors": [_plain(self.document)]}
        try:
            return self._executed(self.document, root, style)
        except RecursionError:
            return {"errors": [_plain(GraphQLError(_TOO_DEEP))]}

    def _executed(self, document: DocumentNode, root: Root, style: ErrorStyle) -> dict[str, Any]:
        invalid = validate(root.schema, document)
        if invalid:
            return {"errors": [_plain(error) for error in invalid]}
        result = execute_sync(
            root.schema,
            document,
            root_value=root.fields(),
            variable_values=self.request.variables,
            operation_name=self.request.operation_name,
        )
        return _answer(result, style)


def refused(code: str, message: str, operation: str | None, style: ErrorStyle) -> dict[str, Any]:
    """Return the answer that refuses one operation."""
    error = worded(code, message, style)
    if operation is None:
        return {"errors": [error]}
    return {"errors": [{**error, "path": [operation]}], "data": {operation: None}}


def _answer(result: ExecutionResult, style: ErrorStyle) -> dict[str, Any]:
    errors = result.errors or []
    if result.data is None and not any(error.path for error in errors):
        # Nothing was executed: the variables are wrong.
        return {"errors": [_plain(error) for error in errors]}
    answer: dict[str, Any] = {"data": result.data}
    if errors:
        answer["errors"] = [_worded(error, style) for error in errors]
    return answer


def _worded(error: GraphQLError, style: ErrorStyle) -> Mapping[str, Any]:
    refusal = error.original_error
    if isinstance(refusal, Refusal):
        return {**_plain(error), **worded(refusal.code, refusal.message, style)}
    return _plain(error)


def _plain(error: GraphQLError) -> dict[str, Any]:
    return dict(error.formatted)
