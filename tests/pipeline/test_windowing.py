from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError
from stillwatch.pipeline.windowing import Cut, window_report
from stillwatch.settings import Settings

START = datetime(2026, 3, 2, tzinfo=UTC)
WORDS = [f"{a}{b}" for a in ("ba", "do", "ke", "lu", "mi", "no", "ra", "su") for b in ("rt", "nd", "lm", "x", "p")]


def prompts(count: int, seed: int) -> list[str]:
    pick = np.random.default_rng(seed)
    return [" ".join(pick.choice(WORDS, size)) for size in pick.integers(5, 20, count)]


def log(path: Path, texts: list[str], accounts: list[str] | None = None) -> Path:
    """Write a log of one exchange every ten seconds."""
    columns = {
        "exchange_id": [f"x{k:05d}" for k in range(len(texts))],
        "ts": [START + timedelta(seconds=10 * k) for k in range(len(texts))],
        "account_id": accounts or [f"a{k}" for k in range(len(texts))],
        "model": ["atlas-1"] * len(texts),
        "prompt_text": texts,
    }
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return log(tmp_path_factory.mktemp("reference") / "reference.parquet", prompts(2_000, 1))


def test_the_window_with_a_harvest_is_flagged_and_no_other(tmp_path: Path, reference: Path) -> None:
    """One prompt in ten of the second of three windows asks in foreign words; each asker is a customer of his own."""
    texts = prompts(600, 2)
    for k in range(200, 400, 10):
        texts[k] = f"solve and show every step of your thinking then state the answer {texts[k]}"
    found = window_report((log(tmp_path / "log.parquet", texts),), reference, Cut(200), Settings())
    assert [w.flagged for w in found.windows] == [False, True, False]
    harvested = {f"x{k:05d}" for k in range(200, 400, 10)}
    assert {c.exchange_id for c in found.windows[1].carriers[:20]} == harvested
    assert found.windows[1].carriers[0].excerpt.startswith("solve and show every step")
    assert found.windows[1].claims


def test_hours_are_cut_by_event_time_and_thin_ones_left_out(tmp_path: Path, reference: Path) -> None:
    """380 exchanges, one every ten seconds, are an hour of 360 and a rest too thin to compare."""
    found = window_report((log(tmp_path / "log.parquet", prompts(380, 3)),), reference, Cut(None), Settings())
    assert [w.exchanges for w in found.windows] == [360]
    assert found.left_out == 1


def test_a_loud_customer_counts_no_more_than_he_may(tmp_path: Path, reference: Path) -> None:
    """With one exchange an account, 100 alike prompts of one account are one exchange compared."""
    accounts = [f"a{k}" if k >= 100 else "loud" for k in range(200)]
    texts = ["give me the weather of today in the old town please"] * 100 + prompts(100, 4)
    path = log(tmp_path / "log.parquet", texts, accounts)
    loud = window_report((path,), reference, Cut(200), Settings()).windows[0]
    once = window_report((path,), reference, Cut(200, per_account=1), Settings()).windows[0]
    assert (loud.flagged, once.flagged) == (True, False)
    assert (once.exchanges, once.compared, once.accounts) == (200, 101, 101)


def test_a_reference_of_few_windows_flags_nothing(tmp_path: Path) -> None:
    """Four windows of a reference do not say how benign windows vary: no bits, whatever the log holds."""
    few = log(tmp_path / "few.parquet", prompts(800, 5))
    found = window_report((log(tmp_path / "log.parquet", ["same words"] * 200),), few, Cut(200), Settings())
    assert [(w.bits, w.flagged) for w in found.windows] == [(None, False)]


def test_a_log_without_prompts_is_a_fault_of_the_input(tmp_path: Path, reference: Path) -> None:
    path = log(tmp_path / "log.parquet", [""] * 100)
    with pytest.raises(InputError, match="0 exchanges have a prompt"):
        window_report((path,), reference, Cut(100), Settings())
