"""Request bodies, read up to a limit."""

from starlette.requests import Request


async def read_body(request: Request, limit: int) -> bytes | None:
    """Read a request's whole body.

    Args:
        request: The request; nothing of its body has been read yet.
        limit: How many bytes a body may have.

    Returns:
        The body, or None if it is larger. A larger one is read to its end but not kept, since
        most clients listen for an answer only after they have sent all.
    """
    kept = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            kept += chunk
    return bytes(kept) if size <= limit else None
