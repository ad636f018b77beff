import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from stillwatch import __version__
from stillwatch.cli.ending import end
from stillwatch.errors import UsageError


def stillwatch(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stillwatch", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, env=os.environ | {"COLUMNS": "100"}
    )


def test_the_version_is_printed(tmp_path: Path) -> None:
    done = stillwatch("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"stillwatch {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["scan", "nowhere"], 3, "nowhere: no such file or folder"),
        (["scan", "empty.jsonl"], 3, "empty.jsonl"),
        (["scan", "rows.csv"], 3, "rows.csv: has no column account_id, model"),
        (["scan", "rows.csv", "--engine", "abacus"], 2, "no engine is called 'abacus'"),
        (["scan", "rows.csv", "--out", "rows.csv"], 2, "rows.csv is a file"),
        (["scan", "nowhere", "--out", "rows.csv/out"], 2, "rows.csv/out: cannot be written to (Not a directory)"),
        (["watch", "nowhere", "--out", "rows.csv/out"], 2, "rows.csv/out: cannot be written to (Not a directory)"),
        (["scan", "rows.csv", "--settings", "bad.toml"], 2, "no setting is called 'colour'"),
        (["scan"], 2, "name what to scan: files or folders, or one --table"),
        (["scan", "rows.csv", "--table", "llm.exchanges"], 2, "name what to scan: files or folders, or one --table"),
        (["scan", "--table", "llm.exchanges"], 3, "table llm.exchanges: only an engine with a catalog"),
        (["scan", "--table", "oracle://lake/llm/t"], 3, "a URL begins with clickhouse://, bigquery://"),
        (["sketch", "log.jsonl", "--keys", "ring", "--out", "rows.csv/x"], 3, "rows.csv/x: cannot be written"),
        (["watch", "rows.csv", "--state", "rows.csv"], 2, "rows.csv: cannot be made or written to"),
        (
            ["act", "propose", "--in", "nowhere", "--policy", "small-host", "--by", "A. Person"],
            3,
            "give the folder that a scan wrote",
        ),
        (["simulate", "atlantis"], 2, "atlantis: not a scenario"),
        (["simulate", "benign", "--sources", "C"], 2, "--sources 'C'"),
        (["simulate", "benign", "--scale", "-1"], 2, "scale must be above 0"),
        (["simulate", "benign", "--hours", "1-5"], 2, "--hours '1-5': give FROM:TO"),
        (["simulate", "benign", "--hours", "9:3"], 2, "hours 9:3 must be in order, from 0 to 336"),
        (["simulate", "benign", "--scale", "0.05", "--out", "/proc/foo"], 2, "/proc/foo: cannot be written to"),
        (["dance"], 2, "No such command"),
    ],
)
def test_a_mistake_gets_a_sentence_and_a_code_but_no_trace(
    tmp_path: Path, arguments: list[str], code: int, sentence: str
) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "log.jsonl").write_text('{"exchange_id": "e", "ts": 1770120000, "account_id": "a", "model": "m"}')
    (tmp_path / "rows.csv").write_text("exchange_id,ts\n1,2\n")
    (tmp_path / "bad.toml").write_text('colour = "red"\n')
    done = stillwatch(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert sentence in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_found_campaign_can_fail_a_job_and_json_stays_json(tmp_path: Path) -> None:
    done = stillwatch("demo", "--scale", "0.3", "--seed", "3", "--json", "--fail-on-campaign", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout)
    assert any(campaign["verdict"] == "distillation" for campaign in result["campaigns"])
    assert (tmp_path / "stillwatch-demo/report.html").exists()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_leaves_no_temporary_files(tmp_path: Path, ending: signal.Signals) -> None:
    """In the middle of reading: rows that are spilled by then go, and the exit code says what ended it."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    row = '{"exchange_id": "e%d", "ts": 1770120000, "account_id": "a", "model": "m", "prompt_text": "what is %d?"}\n'
    (tmp_path / "log.jsonl").write_text("".join(row % (n, n) for n in range(50_000)))
    command = [sys.executable, "-m", "stillwatch", "watch", "log.jsonl"]
    running = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(temporary)}
    )
    while running.poll() is None and not list(tmp_path.glob("stillwatch-state/unfinished/*/sketched.parquet")):
        pass
    running.send_signal(ending)
    _, told = running.communicate()
    assert (running.returncode, list(temporary.iterdir())) == (128 + ending, [])
    assert "Traceback" not in told


def test_hostile_text_stays_text_on_the_terminal_and_in_the_page(tmp_path: Path) -> None:
    attack = "<script>alert(1)</script>\x1b[2J\u202e"
    rows = [
        {"exchange_id": f"e{i}", "ts": 1_770_000_000 + 60 * i, "account_id": f"{attack}{i % 40}", "model": attack,
         "user_agent": attack, "prompt_text": f"{attack} tell me about number {i}"}
        for i in range(2_000)
    ]  # fmt: skip
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = stillwatch("scan", "log.jsonl", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\x1b[2J" not in done.stdout
    assert "<script>" not in (tmp_path / "out/report.html").read_text()


def _raising(fault: BaseException) -> Callable[[], None]:
    """A command line with one command, which fails."""
    faulty = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

    @faulty.command()
    def command() -> None:
        raise fault

    return lambda: faulty([])


def _code(fault: BaseException, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(sys, "argv", ["stillwatch", "scan", "secret.jsonl"])
    with pytest.raises(SystemExit) as ended:
        end(_raising(fault))
    return ended.value.code


def test_a_fault_of_ours_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What it says may quote the log, so only its kind and place are told."""
    monkeypatch.delenv("STILLWATCH_TRACEBACK", raising=False)
    assert _code(ValueError("a secret prompt"), monkeypatch) == 3
    said = capsys.readouterr().err
    assert said.startswith("error: stillwatch scan: a fault of ours, ValueError of version ")
    assert (said.count("\n"), "secret" in said) == (1, False)


def test_whoever_asks_is_shown_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STILLWATCH_TRACEBACK", "1")
    assert _code(ValueError("a secret prompt"), monkeypatch) == 3
    assert "ValueError: a secret prompt" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (OSError(28, "No space left on device", "/x"), 3),
        (BrokenPipeError(32, "Broken pipe"), 3),
        (EOFError(), 3),
        (KeyboardInterrupt(), 130),
        (UsageError("wrong"), 2),
        (typer.Exit(1), 1),
        (typer.Exit(0), 0),
    ],
)
def test_code_1_is_left_to_found_campaigns(fault: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where typer itself leaves with 1, as it does when a pipe is closed."""
    before = sys.stdout, sys.stderr
    assert _code(fault, monkeypatch) == code
    sys.stdout, sys.stderr = before  # typer wraps them when a pipe is closed


def test_an_output_that_takes_nothing_is_said(tmp_path: Path) -> None:
    """A full disk behind standard output; Python itself would end with 1 or 120."""
    (tmp_path / "log.jsonl").write_text('{"exchange_id": "e", "ts": 1770120000, "account_id": "a", "model": "m"}')
    command = [sys.executable, "-m", "stillwatch", "inspect", "log.jsonl"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 3
    assert "standard output or a file: No space left on device" in " ".join(done.stderr.split())
    assert done.stderr.count("\n") == 1


def test_a_disk_that_takes_no_more_of_a_simulation_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stillwatch", "simulate", "benign", "--scale", "0.05", "--out", "log"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000)),
    )
    assert done.returncode == 2
    assert "log: cannot be written to (File too large)" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_an_interrupt_while_the_program_loads_is_quiet(tmp_path: Path) -> None:
    """The interrupt comes from the first library that is loaded."""
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nimport nothing\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "stillwatch", "--version"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
