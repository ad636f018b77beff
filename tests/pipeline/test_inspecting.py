"""A look at the beginning of a log does not ask for what is there under another name."""

import json
from pathlib import Path

from stillwatch.pipeline import Source
from stillwatch.pipeline.inspecting import inspect_log
from stillwatch.settings import Settings


def test_a_column_that_another_stands_in_for_is_not_asked_for(tmp_path: Path) -> None:
    row = {"exchange_id": "e", "ts": 1_770_120_000, "account_id": "a", "model": "m"}
    (tmp_path / "log.jsonl").write_text(json.dumps(row | {"tools_hash": "ab12", "tls_fingerprint": "t13d"}))
    (tmp_path / "bare.jsonl").write_text(json.dumps(row))
    found, bare = (inspect_log(Source((tmp_path / name,)), Settings()) for name in ("log.jsonl", "bare.jsonl"))
    assert {"client", "tool_schema"} <= set(found.tests_on)
    assert not {"user_agent", "tools"} & {missing.column for missing in found.missing}
    assert {"user_agent", "tools"} <= {missing.column for missing in bare.missing}
