"""Many applications on one server: starting a server for each takes most of a test's time."""


class Switchboard:
    """An application that is others; the first part of the path says which one is meant."""

    def __init__(self):
        self._count = 0
        self._apps = {}

    def add(self, app):
        """Let an application be called, and return what stands before its paths."""
        self._count += 1
        prefix = f"/{self._count}"
        self._apps[prefix] = app
        return prefix

    def remove(self, prefix):
        """Let no one call it any more; what is under way goes on."""
        del self._apps[prefix]

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        first, slash, rest = scope["path"].removeprefix("/").partition("/")
        path = slash + rest
        app = self._apps["/" + first]
        await app({**scope, "path": path, "raw_path": path.encode()}, receive, send)
