"""The HTTP server as a pure ASGI application: routes to doors.

In: ASGI scopes. Out: replies. A body that is too long or too slow is not waited for: its words are unread.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from stillwatch.gateway.asked import Identity, header_text
from stillwatch.gateway.doors import Called, Reply, authorising, health, listing, litellm, otlp, seen
from stillwatch.gateway.gate import Gate

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_LIMITS = (1 << 20, 0.1)  # bytes and seconds of a body that are waited for
_SEEN_LIMITS = (64 << 20, 30.0)  # the same of a batch of rows
_MOST_HELD_BYTES = 256 << 20  # of batches that are on their way in at once


class App:
    """Serves every door of one gate."""

    def __init__(
        self, gate: Gate, identity: Identity, seen_folder: Path | None = None, most_held_bytes: int = _MOST_HELD_BYTES
    ) -> None:
        self._gate, self._identity, self._seen_folder = gate, identity, seen_folder
        self._spans, self._most_held_bytes, self._held_bytes = otlp.Receiver(seen_folder), most_held_bytes, 0
        self._stream, self._metrics = listing.Stream(), health.Metrics(gate)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one connection's request; lifespan events are confirmed."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            headers = {name.decode("latin-1"): header_text(value) for name, value in scope["headers"]}
            if scope["path"] in otlp.PATHS:
                await _send(await self._exported(scope, headers, receive), send)
                return
            asked = scope["query_string"]
            query = dict(parse_qsl(asked.decode("latin-1"))) if asked else {}
            limits = _SEEN_LIMITS if scope["path"] == seen.PATH else _LIMITS
            body = await _body(headers, receive, *limits)
            if body is None and scope["path"] == seen.PATH:  # none of it is kept, and that must not be confirmed
                await _send(Reply(413, {"content-type": "text/plain"}, b"too long, or too slow\n"), send)
                return
            reply = self.reply(Called(scope["method"], scope["path"], query, headers, body))
            await _send(reply, send)

    async def _exported(self, scope: Message, headers: Mapping[str, str], receive: Receive) -> Reply:
        """Take in a batch of spans, unless as much as can be held is on its way in already."""
        kind, length = headers.get("content-type", ""), headers.get("content-length", "")
        size = int(length) if length.isdigit() else _SEEN_LIMITS[0]
        if size > _SEEN_LIMITS[0]:
            return otlp.too_long(kind)
        if self._held_bytes + size > self._most_held_bytes:
            return otlp.busy(kind)
        self._held_bytes += size
        try:
            body = await _body(headers, receive, *_SEEN_LIMITS)
            if body is None:
                return otlp.too_long(kind)
            called = Called(scope["method"], scope["path"], {}, headers, body)
            return await asyncio.to_thread(self._spans.reply, called, self._gate.now())
        finally:
            self._held_bytes -= size

    def reply(self, called: Called) -> Reply:
        """Route one request."""
        path, gate = called.path, self._gate
        if path.startswith(authorising.ENVOY):
            return authorising.envoy(gate, called, self._identity)
        if path == authorising.NGINX:
            return authorising.nginx(gate, called, self._identity)
        if path == litellm.PATH and called.method == "POST":
            return litellm.reply(gate, called, self._identity)
        if path == litellm.IN_PROCESS and called.method == "POST":
            return litellm.in_process(gate, called)
        return self._list(called)

    def _list(self, called: Called) -> Reply:
        doors: dict[str, Callable[[], Reply]] = {
            "/v1/decisions/stream": lambda: self._stream.reply(self._gate, called),
            "/v1/decisions": lambda: listing.look_up(self._gate, called),
            "/feed.json": lambda: listing.feed(self._gate, called),
            "/healthz": lambda: health.alive(self._gate),
            "/readyz": lambda: health.ready(self._gate),
            "/metrics": self._metrics.reply,
            seen.PATH: lambda: seen.reply(self._seen_folder, called, self._gate.now()),
        }
        door = doors.get(called.path)
        return door() if door else Reply(404, {"content-type": "text/plain"}, b"no such door\n")


async def _body(headers: Mapping[str, str], receive: Receive, most_bytes: int, most_seconds: float) -> bytes | None:
    """Wait for a body; None if it is longer or slower than that, or breaks off."""
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return b""
    parts, size = [], 0
    try:
        async with asyncio.timeout(most_seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                part = message.get("body", b"")
                parts.append(part)
                size += len(part)
                if size > most_bytes:
                    return None
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        return None


async def _send(reply: Reply, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in reply.headers.items()]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
