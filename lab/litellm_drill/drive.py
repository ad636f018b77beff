"""Plays the plan against the proxy with the OpenAI client, every request at its own second.

In: plan.jsonl and the proxy's address. Out: requests on the wire; prints how many were answered.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI, DefaultAsyncHttpxClient, OpenAIError  # lives in the drill's own environment

CONCURRENT = 48  # requests on the wire at once; the client's own queue gets slow when it is long


async def play(plan: list[dict[str, Any]], base_url: str) -> tuple[int, int]:
    """Send every request when it is due; the numbers answered and failed."""
    wire, free = DefaultAsyncHttpxClient(), asyncio.Semaphore(CONCURRENT)
    clients = {
        row["key"]: AsyncOpenAI(
            api_key=row["key"],
            base_url=base_url,
            max_retries=2,
            timeout=60,
            http_client=wire,
            default_headers={"User-Agent": row["client"], "X-Forwarded-For": row["address"]},
        )
        for row in plan
    }
    begin = time.monotonic()
    outcomes = await asyncio.gather(*(_send(clients[row["key"]], row, begin, free) for row in plan))
    await wire.aclose()
    return sum(outcomes), len(outcomes) - sum(outcomes)


async def _send(client: Any, row: dict[str, Any], begin: float, free: asyncio.Semaphore) -> bool:
    await asyncio.sleep(max(0.0, row["at_seconds"] - (time.monotonic() - begin)))
    messages = [{"role": "system", "content": row["system"]}] if row["system"] else []
    messages.append({"role": "user", "content": row["prompt"]})
    extra = {} if row["temperature"] is None else {"temperature": row["temperature"]}
    try:
        async with free:
            await client.chat.completions.create(model=row["model"], messages=messages, **extra)
    except OpenAIError as fault:
        print(f"failed: {type(fault).__name__}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    answered, failed = asyncio.run(play([json.loads(line) for line in lines], sys.argv[2]))
    print(f"{answered:,} answered, {failed:,} failed")
    sys.exit(1 if failed > len(lines) / 100 else 0)
