"""The verdict table of DESIGN.md section 2, cell by cell."""

import itertools
from typing import get_args

import pytest

from stillwatch.decide import decide
from stillwatch.types import Answer, Verdict

_TABLE = {
    ("yes", "yes", "yes"): Verdict.DISTILLATION,
    ("yes", "yes", "mixed"): Verdict.RELAY,
    ("yes", "yes", "no"): Verdict.ORGANISATION,
    ("yes", "yes", "not_evaluated"): Verdict.NOT_EVALUATED,
    ("yes", "no", "yes"): Verdict.DECLARED_HARVEST,
    ("yes", "no", "mixed"): Verdict.DECLARED_HARVEST,
    ("yes", "no", "no"): Verdict.ORGANISATION,
    ("yes", "no", "not_evaluated"): Verdict.NOT_EVALUATED,
    ("yes", "not_evaluated", "yes"): Verdict.NOT_EVALUATED,
    ("yes", "not_evaluated", "mixed"): Verdict.NOT_EVALUATED,
    ("yes", "not_evaluated", "no"): Verdict.ORGANISATION,
    ("yes", "not_evaluated", "not_evaluated"): Verdict.NOT_EVALUATED,
}
_HIDDEN: tuple[Answer, ...] = ("yes", "no", "not_evaluated")


@pytest.mark.parametrize(("answers", "verdict"), _TABLE.items())
def test_accounts_that_are_together_get_the_verdict_of_the_table(
    answers: tuple[Answer, Answer, Answer], verdict: Verdict
) -> None:
    assert decide(*answers) == verdict


def test_the_table_covers_every_combination() -> None:
    assert set(_TABLE) == {("yes", h, t) for h, t in itertools.product(_HIDDEN, get_args(Answer))}


@pytest.mark.parametrize(("hidden", "taking"), list(itertools.product(_HIDDEN, get_args(Answer))))
def test_accounts_that_are_not_together_are_no_campaign_whatever_else_is_known(hidden: Answer, taking: Answer) -> None:
    assert decide("no", hidden, taking) == Verdict.NO_CAMPAIGN


@pytest.mark.parametrize(("hidden", "taking"), list(itertools.product(_HIDDEN, get_args(Answer))))
def test_unknown_togetherness_is_never_a_silent_zero(hidden: Answer, taking: Answer) -> None:
    assert decide("not_evaluated", hidden, taking) == Verdict.NOT_EVALUATED


def test_an_answer_that_a_question_never_gives_is_refused() -> None:
    with pytest.raises(ValueError, match="never by mixed"):
        decide("mixed", "yes", "yes")
    with pytest.raises(ValueError, match="never by mixed"):
        decide("yes", "mixed", "yes")
