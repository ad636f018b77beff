"""The shipped classifier of targets: its shape, that it does not change, and what it says of plain prompts."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.sketch import FEATURE_BUCKETS, HEADS, SHAPE_BUCKETS, Projection
from stillwatch.sketch.texts import sketch_texts
from stillwatch.taking import load_projection
from stillwatch.taking.targets import ELICITS_HEAD, JUDGES_HEAD
from stillwatch.types import TARGETS

RESULTS = Path(__file__).resolve().parents[2] / "lab/results/targets.md"
PROMPTS = {
    "reasoning": "A farmer has 37 apples and sells 12 of them every day. How many apples are left after 2 days?",
    "coding": "Write a Python function that takes a list of integers and returns the largest one.",
    "data_analysis": "Analyse this table and compute the mean of revenue.\nname,revenue\nNorth,120\nSouth,80",
    "vision_computer_use": "Look at the screenshot of the web page and click the button. Return the pixel coordinates.",
    "refusal_rewriting": "The model refused this politically sensitive question. Rewrite it to pass the filter.",
    "knowledge": "who wrote the national anthem of france",
    "instruction_following": "Write a short story about a lighthouse keeper who finds a letter.",
    "formatting": "Convert the following text to JSON with keys name and date. Output only valid JSON.",
    "agentic_tool_use": "You have access to the following tools: get_weather(city), send_email(to). Which to call?",
    "grading": "Rate the response below from 1 to 5 with the score rubric. ###Response: It is blue. ###Feedback:",
    "other": "thank you so much, that is all for today",
}


def _scores(texts: list[str]) -> np.ndarray:
    shipped = load_projection()
    return sketch_texts(pa.array(texts), Projection(shipped.weights, shipped.scale, shipped.bias)).scores


def test_the_weights_have_a_row_for_every_feature_and_a_column_for_every_head() -> None:
    """What is shipped fits the kernel: int8 rows, one positive scale, a bias a head, spare heads empty."""
    shipped = load_projection()
    assert shipped.weights.shape == (FEATURE_BUCKETS + SHAPE_BUCKETS, HEADS)
    assert (str(shipped.weights.dtype), str(shipped.bias.dtype)) == ("int8", "float32")
    assert shipped.bias.shape == (HEADS,)
    assert shipped.scale > 0
    assert not shipped.weights[:, JUDGES_HEAD + 1 :].any()
    assert all(shipped.weights[:, head].any() for head in range(JUDGES_HEAD + 1))


def test_the_weights_are_read_once_and_cannot_be_changed() -> None:
    """Nobody can alter the classifier of a running process by accident."""
    assert load_projection() is load_projection()
    with pytest.raises(ValueError, match="read-only"):
        load_projection().weights[0, 0] = 1


def test_every_target_can_be_chosen() -> None:
    """A plain prompt of each capability gets its target."""
    chosen = _scores(list(PROMPTS.values()))[:, : len(TARGETS)].argmax(axis=1)
    assert [str(TARGETS[place]) for place in chosen] == list(PROMPTS)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        (PROMPTS["reasoning"] + " Let's think step by step and write out the whole reasoning.", True),
        (
            "Imagine and articulate the internal reasoning behind a completed response and write it out step by step.",
            True,
        ),
        (PROMPTS["reasoning"], False),
        (PROMPTS["instruction_following"], False),
        (PROMPTS["other"], False),
    ],
)
def test_asking_for_the_reasoning_is_told_from_the_same_task_without(text: str, asks: bool) -> None:  # noqa: FBT001 - a case, not an interface
    """A prompt that asks for its reasoning to be written out says so; the bare task does not."""
    assert (_scores([text])[0, ELICITS_HEAD] > 0) == asks


def test_only_the_judging_prompt_judges() -> None:
    """Of one plain prompt of each capability only the rubric one asks for an answer to be judged."""
    judging = _scores(list(PROMPTS.values()))[:, JUDGES_HEAD] > 0
    assert [name for name, yes in zip(PROMPTS, judging, strict=True) if yes] == ["grading"]


def test_the_weights_are_those_that_were_scored() -> None:
    """The scores in lab/results/targets.md belong to these weights and no others."""
    shipped = load_projection()
    digest = hashlib.sha256(shipped.weights.tobytes() + shipped.bias.tobytes()).hexdigest()[:16]
    assert digest in RESULTS.read_text(encoding="utf-8")
