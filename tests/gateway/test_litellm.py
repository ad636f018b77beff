"""A real LiteLLM proxy with made-up replies: our guardrail in its process, its Generic Guardrail API, our logger."""

import json
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="serving needs the extra 'gateway'")
from gateways import own
from gateways.litellm import Door, litellm, program

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("door", ["in_process", "over_http"])
def test_allow_deny_our_death_and_no_row_lost(tmp_path: Path, door: Door) -> None:
    """A member is stopped with its reference; dead, we let through; what was logged meanwhile arrives afterwards."""
    if not program():
        pytest.skip("no LiteLLM proxy: install lab/litellm_drill/requirements.txt, and name it in STILLWATCH_LITELLM")
    with own.served(tmp_path, ("bad",)) as (home, ours, process), litellm(tmp_path / "proxy", ours, door) as port:
        told = [_chat(port, account) for account in ("stranger", "bad")]
        assert told[0][0] == 200, told
        assert told[1][0] in (400, 403), told
        assert "T-1" in told[1][1]
        process.kill()
        process.wait()
        assert [_chat(port, "stranger")[0] for _ in range(20)] == [200] * 20
        again = [*process.args]  # type: ignore[misc]  # a list of strings
        with own.started(again, ours, tmp_path / "serve-again.log"):
            while len(_rows(home.seen)) < 21:
                pass
    assert len({row["id"] for row in _rows(home.seen)}) >= 21


def _chat(port: int, account: str) -> tuple[int, str]:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).encode()
    named = {"authorization": f"Bearer sk-{account}", "content_type": "application/json"}
    status, _, content = own.ask(port, "/v1/chat/completions", body=body, **named)
    return status, content.decode()


def _rows(folder: Path) -> list[dict[str, str]]:
    paths = folder.glob("*.jsonl") if folder.exists() else ()
    lines = [line for path in paths for line in path.read_text().splitlines()]
    return [row for row in map(json.loads, lines) if row.get("status") == "success"]
