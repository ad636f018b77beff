"""An ASGI middleware for an application that serves a model itself: asks the gate in process, never touches the reply.

In: the wrapped application and a gate. Out: the application's own reply, streamed as it comes, or ours. The request's
body is kept up to a limit, so that its prompt can be looked at, and given on unchanged. Of a websocket only the
handshake is decided on, by its headers.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from stillwatch.gateway.app import Message, Receive, Send
from stillwatch.gateway.asked import Identity, header_text, of_headers
from stillwatch.gateway.doors.reply import answer_headers, customer_body
from stillwatch.gateway.gate import Gate

Application = Callable[[Message, Receive, Send], Awaitable[None]]
_MOST_BYTES = 1 << 20  # of a body that is kept; a longer one is passed on with its words unread


class Guard:
    """Wraps an application: `app = Guard(app, gate, Identity())`."""

    def __init__(self, app: Application, gate: Gate, identity: Identity) -> None:
        self._app, self._gate, self._identity = app, gate, identity

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let a request through to the application, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): header_text(value) for name, value in scope["headers"]}
        kept, body = await _read(receive) if scope["type"] == "http" else ([], b"")
        answer = self._gate.answer(of_headers(headers, body, scope["path"], self._identity))
        if answer.passes:
            scope.setdefault("state", {})["stillwatch_action"] = answer.action
            await self._app(scope, _again(kept, receive), send)
            return
        if scope["type"] == "websocket":  # closed before it is accepted, which a server answers with 403
            await send({"type": "websocket.close", "code": 1008})
            return
        found = {**answer_headers(answer), "content-type": "application/json"}
        raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in found.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": customer_body(answer)})


async def _read(receive: Receive) -> tuple[list[Message], bytes | None]:
    """Take messages until the body ends or gets too long: all of them, and the body or None."""
    kept: list[Message] = []
    size = 0
    while True:
        message = await receive()
        kept.append(message)
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or size > _MOST_BYTES:
            return kept, None
        if not message.get("more_body"):
            return kept, b"".join(m.get("body", b"") for m in kept)


def _again(kept: list[Message], receive: Receive) -> Receive:
    """Give the messages once more, then what comes after them."""
    waiting = iter(kept)

    async def next_message() -> Any:
        message = next(waiting, None)
        return await receive() if message is None else message

    return next_message
