from stillwatch.bench import Found, Truth
from stillwatch.bench.aims import macro_f1, target_macro_f1


def test_every_true_class_weighs_the_same() -> None:
    """a: 2*3/(4+3) = 6/7; b: 2*1/(1+2) = 2/3."""
    assert macro_f1(["a", "a", "a", "a", "b"], ["a", "a", "a", "b", "b"]) == (6 / 7 + 2 / 3) / 2


def test_only_rightly_listed_exchanges_are_scored(truth: Truth) -> None:
    """e3 is cover and e9 an innocent's: their targets do not matter."""
    listed = {"e0": "reasoning", "e2": "coding", "e3": "grading", "e9": "grading"}
    assert target_macro_f1(truth, Found({"c": frozenset({"a1"})}, listed)) == 1.0


def test_a_detector_without_targets_has_no_score(truth: Truth) -> None:
    """Neither one that lists no exchange, nor one that names none, nor one that is never right."""
    campaigns = {"c": frozenset({"a1"})}
    assert target_macro_f1(truth, Found(campaigns)) is None
    assert target_macro_f1(truth, Found(campaigns, {"e0": ""})) is None
    assert target_macro_f1(truth, Found(campaigns, {"e9": "coding"})) is None
