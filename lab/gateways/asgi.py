"""An application that serves a model itself, behind our ASGI middleware: a gate in its own process.

In: the path of a snapshot, a mode on failure. Out: the application's port. Run by itself: SNAPSHOT PORT MODE.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateways import own

_ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def asgi(folder: Path, snapshot: Path, mode: str) -> Iterator[int]:
    """Start it."""
    port = own.free_port()
    command = [sys.executable, "-m", "gateways.asgi", str(snapshot), str(port), mode]
    with own.started(command, port, folder / "asgi.log", {"PYTHONPATH": f"{_ROOT}:{_ROOT.parent / 'src'}"}):
        yield port


async def _model(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def _main() -> None:
    import uvicorn  # noqa: PLC0415 - an extra

    from stillwatch.gateway.asked import Identity  # noqa: PLC0415 - same
    from stillwatch.gateway.gate import Gate, Route  # noqa: PLC0415 - same
    from stillwatch.gateway.middleware import Guard  # noqa: PLC0415 - same

    gate = Gate(Path(sys.argv[1]), (Route("/", "open" if sys.argv[3] == "open" else "closed"),))
    gate.refresh()
    app: Any = Guard(_model, gate, Identity())
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False, lifespan="off")


if __name__ == "__main__":
    _main()
