"""The two halves share nothing, and a folder of prompt sets widens the pack."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError
from stillwatch.simulate import PromptPool, Sources, load_pool


def test_halves_share_no_text_and_make_up_the_whole(pool: PromptPool) -> None:
    a, b = load_pool("A"), load_pool("B")
    assert set(a.texts.to_pylist()) & set(b.texts.to_pylist()) == set()
    assert len(a.texts) + len(b.texts) == len(pool.texts)
    assert len(a.arrivals.per_day) + len(b.arrivals.per_day) == len(pool.arrivals.per_day)
    assert len(a.arrivals.lasting) + len(b.arrivals.lasting) == len(pool.arrivals.lasting)
    assert 0.4 < len(a.texts) / len(pool.texts) < 0.6


@pytest.mark.parametrize("half", ["A", "B", "all"])
def test_every_source_is_in_every_half_and_answers_stay_beside_their_questions(half: Sources) -> None:
    pool = load_pool(half)
    assert min(run.count for run in pool.runs.values()) > 40
    assert pool.runs["graded"].count == pool.runs["graded_answers"].count
    assert sum(run.count for run in pool.runs.values()) == len(pool.texts)


def test_only_clients_that_were_seen_for_a_week_or_more_have_hours_to_replay(pool: PromptPool) -> None:
    real = pool.arrivals
    days = (real.hourly.reshape(len(real.lasting), 14, 24) > 0).any(axis=2).sum(axis=1)
    assert set(real.category[real.lasting]) == {"language"}
    assert days.min() >= 7


def test_more_prompts_widen_a_source(pool: PromptPool, tmp_path: Path) -> None:
    texts = [f"question {number}" for number in range(10)] + ["question 0", None]
    pq.write_table(pa.table({"text": texts}), tmp_path / "harvest_cot.parquet")
    wider = load_pool("all", tmp_path)
    assert wider.runs["gsm8k"].count == pool.runs["gsm8k"].count + 10
    assert wider.runs["code"].count == pool.runs["code"].count
    last = wider.runs["gsm8k"].first + wider.runs["gsm8k"].count - 1
    assert wider.texts[last].as_py() == "question 9"


def test_a_folder_without_prompts_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none of harvest_cot"):
        load_pool("all", tmp_path)
