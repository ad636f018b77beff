"""The process of `stillwatch serve`, from start to interrupt."""

import signal
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the server needs the extra 'gateway'")
from gateways import own


def test_an_interrupt_ends_the_server_without_a_word(tmp_path: Path) -> None:
    """What the interpreter finds left over at its end would be written there."""
    with own.served(tmp_path, blocked=("bad",)) as (_, port, process):
        assert own.ask(port, "/v1/decisions?scope=username&value=bad")[0] == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert (tmp_path / "serve.log").read_text() == ""
