"""Many requests at a gateway on loopback: what was answered, and how long that took.

In: a port, a path, how many. Out: counts of statuses, by threads of one process; and times, by wrk at a steady pace.
"""

import http.client
import re
import subprocess
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

WRK = "wrk"
_PACED = """
local n = 0
request = function()
  n = n + 1
  local headers = {HEADERS}
  return wrk.format("POST", "PATH", headers, 'BODY')
end
delay = function() return math.random(WAIT - 3, WAIT + 3) end
"""


def answered(  # noqa: PLR0913 - a request's parts
    port: int, path: str, requests: int, body: bytes, headers: Mapping[str, str], *, threads: int = 8
) -> Counter[int]:
    """Send so many requests and count the statuses; a connection that breaks counts as 0."""

    def some(count: int) -> Counter[int]:
        held, told = http.client.HTTPConnection("127.0.0.1", port, timeout=30), Counter[int]()
        for _ in range(count):
            try:
                held.request("POST", path, body, dict(headers))
                reply = held.getresponse()
                reply.read()
                told[reply.status] += 1
            except (OSError, http.client.HTTPException):
                held.close()
                told[0] += 1
        held.close()
        return told

    share, rest = divmod(requests, threads)
    with ThreadPoolExecutor(threads) as pool:
        counted = pool.map(some, [share + (n < rest) for n in range(threads)])
    return sum(counted, Counter[int]())


@dataclass(frozen=True, slots=True)
class Paced:
    """What wrk saw: requests a second, median and 99th percentile in milliseconds, replies that are no 2xx or 3xx."""

    per_second: float
    p50_ms: float
    p99_ms: float
    other: int


def paced(url: str, script: Path, seconds: int, connections: int) -> Paced:
    """Drive a URL with a script of wrk, one thread."""
    command = [
        WRK,
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--latency",
        "--timeout",
        "10s",
        "-s",
        str(script),
        url,
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    times = dict(re.findall(r"(50|99)%\s+([\d.]+\w+)", told))
    other = re.findall(r"Non-2xx or 3xx responses: (\d+)", told)
    rate = re.findall(r"Requests/sec:\s+([\d.]+)", told)[0]
    return Paced(float(rate), _milliseconds(times["50"]), _milliseconds(times["99"]), int(other[0]) if other else 0)


def script_of(folder: Path, path: str, body: str, headers: Mapping[str, str], wait_ms: int) -> Path:
    """Write a script for `paced`: each connection waits so long, give or take 3 ms, between two requests.

    headers: Lua expressions by name; `n` is the number of the request.
    """
    lua = ", ".join(f'["{name}"] = {value}' for name, value in headers.items())
    text = _PACED.replace("HEADERS", lua).replace("PATH", path).replace("BODY", body).replace("WAIT", str(wait_ms))
    place = folder / "paced.lua"
    place.write_text(text if wait_ms else text[: text.index("delay")], "utf-8")
    return place


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]  # wrk writes no other
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]
