"""A real nginx asks us with auth_request: allow, deny, challenge, and our death, open or closed by its own file."""

import shutil
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="serving needs the extra 'gateway'")
from gateways import own
from gateways.nginx import nginx

pytestmark = pytest.mark.slow


def test_allow_deny_challenge_and_our_death(tmp_path: Path) -> None:
    """403 for a block, 401 for a challenge; dead, the closed route answers 500 and the open one lets through."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed; apt install nginx-light")
    with (
        own.model() as (model, _),
        own.served(tmp_path, ("bad",), ("odd",)) as (_, ours, process),
        nginx(tmp_path, model, ours) as port,
    ):
        for path in ("/v1/chat", "/open/v1/chat"):
            assert [own.ask(port, path, a)[0] for a in ("stranger", "bad", "odd")] == [200, 403, 401]
        process.kill()
        process.wait()
        assert {own.ask(port, "/v1/chat", "stranger")[0] for _ in range(20)} == {500}
        assert {own.ask(port, "/open/v1/chat", "stranger")[0] for _ in range(20)} == {200}
