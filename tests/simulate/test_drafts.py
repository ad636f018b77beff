"""A student's drafts are cut, wrong where it is weak, and right at last."""

import numpy as np

from stillwatch.simulate.drafts import LEVELS, drafted, level_at

ANSWER = "Tom has 3 boxes of 12 pens, that is 3 * 12 = 36 pens. He gives 6 away, so 36 - 6 = 30 pens are left.\n#### 30"


def test_drafts_get_longer_and_end_with_the_answer() -> None:
    drafts = drafted([ANSWER])
    assert len(drafts) == LEVELS
    assert drafts[-1] == ANSWER
    lengths = [len(draft.split()) for draft in drafts]
    assert lengths == sorted(set(lengths))


def test_weak_drafts_have_wrong_numbers() -> None:
    weak, *_, right = drafted([ANSWER])
    assert weak.split()[:2] == right.split()[:2]
    assert weak.split()[2] != right.split()[2]


def test_the_level_rises_in_equal_steps_or_never() -> None:
    hours = np.array([0.0, 10.0, 35.0, 60.0, 85.0, 120.0])
    assert level_at(hours, 10.0, 110.0).tolist() == [0, 0, 1, 2, 3, 3]
    assert level_at(hours, np.inf, 110.0).tolist() == [0] * 6
