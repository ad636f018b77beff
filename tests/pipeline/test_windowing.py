from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError
from stillwatch.pipeline import Source
from stillwatch.pipeline.windowing import Cut, window_report
from stillwatch.settings import Settings

START = datetime(2026, 3, 2, tzinfo=UTC)
WORDS = [f"{a}{b}" for a in ("ba", "do", "ke", "lu", "mi", "no", "ra", "su") for b in ("rt", "nd", "lm", "x", "p")]


def prompts(count: int, seed: int) -> list[str]:
    pick = np.random.default_rng(seed)
    return [" ".join(pick.choice(WORDS, size)) for size in pick.integers(5, 20, count)]


def log(path: Path, texts: list[str], accounts: list[str] | None = None) -> Path:
    """Write a log of one exchange every ten seconds, under ids of its own."""
    columns = {
        "exchange_id": [f"{path.stem}-{k:05d}" for k in range(len(texts))],
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
    found = window_report(Source((log(tmp_path / "log.parquet", texts),), reference=reference), Cut(200), Settings())
    assert [w.flagged for w in found.windows] == [False, True, False]
    harvested = {f"log-{k:05d}" for k in range(200, 400, 10)}
    assert {c.exchange_id for c in found.windows[1].carriers[:20]} == harvested
    assert found.windows[1].carriers[0].excerpt.startswith("solve and show every step")
    assert found.windows[1].claims


def test_hours_are_cut_by_event_time_and_thin_ones_left_out(tmp_path: Path, reference: Path) -> None:
    """380 exchanges, one every ten seconds, are an hour of 360 and a rest too thin to compare."""
    found = window_report(
        Source((log(tmp_path / "log.parquet", prompts(380, 3)),), reference=reference), Cut(None), Settings()
    )
    assert [w.exchanges for w in found.windows] == [360]
    assert found.left_out == 1


def test_a_loud_customer_counts_no_more_than_he_may(tmp_path: Path, reference: Path) -> None:
    """With one exchange an account, 100 alike prompts of one account are one exchange compared."""
    accounts = [f"a{k}" if k >= 100 else "loud" for k in range(200)]
    texts = ["give me the weather of today in the old town please"] * 100 + prompts(100, 4)
    path = log(tmp_path / "log.parquet", texts, accounts)
    loud = window_report(Source((path,), reference=reference), Cut(200), Settings()).windows[0]
    once = window_report(Source((path,), reference=reference), Cut(200, per_account=1), Settings()).windows[0]
    assert (loud.flagged, once.flagged) == (True, False)
    assert (once.exchanges, once.compared, once.accounts) == (200, 101, 101)


def test_a_reference_of_few_windows_flags_nothing(tmp_path: Path) -> None:
    """Four windows of a reference do not say how benign windows vary: no bits, whatever the log holds."""
    few = log(tmp_path / "few.parquet", prompts(800, 5))
    found = window_report(
        Source((log(tmp_path / "log.parquet", ["same words"] * 200),), reference=few), Cut(200), Settings()
    )
    assert [(w.bits, w.flagged) for w in found.windows] == [(None, False)]


def test_a_log_without_prompts_is_a_fault_of_the_input(tmp_path: Path, reference: Path) -> None:
    path = log(tmp_path / "log.parquet", [""] * 100)
    with pytest.raises(InputError, match="0 exchanges have a prompt"):
        window_report(Source((path,), reference=reference), Cut(100), Settings())


def test_what_the_log_shares_with_the_reference_is_left_out_of_it(tmp_path: Path, reference: Path) -> None:
    """A day inside last month: the harvest that stands in the reference, too, hides nothing of itself."""
    texts = prompts(200, 2)
    for k in range(0, 200, 10):
        texts[k] = f"solve and show every step of your thinking then state the answer {texts[k]}"
    judged = log(tmp_path / "log.parquet", texts)
    both = tmp_path / "both.parquet"
    pq.write_table(pa.concat_tables([pq.read_table(reference), pq.read_table(judged)]), both)
    alone = window_report(Source((judged,), reference=reference), Cut(200), Settings())
    shared = window_report(Source((judged,), reference=both), Cut(200), Settings())
    assert (alone.shared_exchanges, shared.shared_exchanges) == (0, 200)
    assert shared.windows == alone.windows
    assert shared.reference_exchanges == alone.reference_exchanges
    with pytest.raises(InputError, match="without 200 exchanges of the log itself: 0 exchanges have a prompt"):
        window_report(Source((judged,), reference=judged), Cut(200), Settings())


def test_a_map_and_identities_say_how_to_read_log_and_reference(tmp_path: Path, reference: Path) -> None:
    """The text stands in a field of another name, and the log knows keys where the reference knows accounts."""
    texts = prompts(200, 2)
    plain = log(tmp_path / "log.parquet", texts)
    named = {"exchange_id": "id", "prompt_text": "words", "account_id": "who"}
    for path in (plain, reference):
        table = pq.read_table(path)
        pq.write_table(table.rename_columns(named_as(table, named)), tmp_path / f"mapped-{path.name}")
    lines = [f'{column} = ["{field}"]' for column, field in named.items()]
    rest = [f'{column} = ["{column}"]' for column in ("ts", "model")]
    (tmp_path / "map.toml").write_text("\n".join(["[columns]", *lines, *rest]))
    pq.write_table(
        pa.table({"key_id": [f"a{k}" for k in range(200)], "account_id": ["one"] * 200}), tmp_path / "who.parquet"
    )
    mapped = Source(
        (tmp_path / "mapped-log.parquet",),
        reference=tmp_path / "mapped-reference.parquet",
        column_map=tmp_path / "map.toml",
    )
    expected = window_report(Source((plain,), reference=reference), Cut(200), Settings())
    assert window_report(mapped, Cut(200), Settings()) == expected
    found = window_report(replace(mapped, identity=tmp_path / "who.parquet"), Cut(200), Settings())
    assert [(w.accounts, w.compared) for w in expected.windows] == [(200, 200)]
    assert [(w.accounts, w.compared) for w in found.windows] == [(1, 200)]


def named_as(table: pa.Table, names: dict[str, str]) -> list[str]:
    return [names.get(name, name) for name in table.column_names]
