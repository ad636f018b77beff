"""The four answers say what is known, and that something is not known."""

from dataclasses import replace

from stillwatch.report import answers
from stillwatch.types import Calibration, Exceedance, LabelledInnocents, Scan, Verdict


def _answers(scan: Scan, verdict: Verdict) -> list[str]:
    campaign = next(c for c in scan.campaigns if c.verdict is verdict)
    return [reply.answer for reply in answers.four_answers(campaign, scan.calibration)]


def test_each_verdict_reads_as_its_answers(scan: Scan) -> None:
    """One line a verdict, in the order together, hidden, taking, leaked."""
    assert _answers(scan, Verdict.DISTILLATION)[:3] == ["Yes", "Yes, posing as unrelated", "Yes"]
    assert _answers(scan, Verdict.RELAY)[:3] == ["Yes", "Yes, posing as unrelated", "In part"]
    assert _answers(scan, Verdict.DECLARED_HARVEST)[:3] == ["Yes", "No, declared", "Yes"]
    assert _answers(scan, Verdict.ORGANISATION) == ["Yes", "No, declared", "No", "Nothing counted"]
    assert _answers(scan, Verdict.NOT_EVALUATED) == ["Yes", "Not evaluated", "Not evaluated", "Not evaluated"]


def test_what_only_resembles_taking_is_not_held_against_anybody(scan: Scan) -> None:
    """A few exchanges of every company look like harvest; where taking is answered no, nothing has leaked."""
    company = next(c for c in scan.campaigns if c.verdict is Verdict.ORGANISATION)
    some = replace(company, taking_exchanges=40, leak=replace(company.leak, exchanges=40, unique_tasks=40))
    _, _, taking, leaked = answers.four_answers(some, scan.calibration)
    assert (taking.answer, leaked.answer) == ("No", "Nothing counted")
    assert taking.sentence.startswith(f"40 of {some.exchanges:,} exchanges")
    assert "resemble taking" in taking.sentence
    assert (answers.targets_column(some), answers.leak_column(some)) == ("none", "Nothing counted")


def test_uncalibrated_bits_get_no_odds(uncalibrated_scan: Scan) -> None:
    """Where the bits did not hold, no odds of chance are stated anywhere."""
    for campaign in uncalibrated_scan.campaigns:
        assert answers.chance(campaign.together_bits, uncalibrated_scan.calibration) == "uncalibrated"
        said = answers.four_answers(campaign, uncalibrated_scan.calibration)[0]
        assert said.answer == "Yes, uncalibrated"
        assert "1 in" not in said.sentence


def test_the_calibration_line_says_what_broke(scan: Scan, uncalibrated_scan: Scan) -> None:
    """Holding, broken and unchecked are three different lines."""
    assert answers.calibration_line(scan.calibration) == "bits checked on 812 benign groups: holds"
    broken = answers.calibration_line(uncalibrated_scan.calibration)
    assert broken.startswith(answers.UNCALIBRATED)
    assert "80 reached 5 bits; 25.4 are allowed" in broken
    unchecked = answers.calibration_line(Calibration(0, (), ok=False, source=""))
    assert unchecked == f"{answers.UNCALIBRATED} (no benign groups to check the bits on)"
    labelled = replace(scan.calibration, labelled=LabelledInnocents(12, 1, 0, ()))
    line = "bits checked on 812 benign groups: holds; of 12 accounts labelled innocent, 1 in a campaign"
    assert answers.calibration_line(labelled) == line


def test_an_incomplete_price_is_a_floor(scan: Scan) -> None:
    """A model without a price makes the sum a lower bound; no price at all is unknown."""
    leak = scan.campaigns[1].leak
    assert "at least $" in answers.leak_phrase(leak)
    assert "at least" not in answers.leak_phrase(replace(leak, unpriced_models=()))
    assert "price unknown" in answers.leak_phrase(replace(leak, list_price_usd=None))
    half = answers.leak_phrase(replace(leak, unpriced_models=(), input_tokens=None))
    assert "output tokens, at least $" in half
    assert "tokens unknown" in answers.leak_phrase(replace(leak, input_tokens=None, output_tokens=None))


def test_organisations_are_not_counted_as_campaigns(scan: Scan, quiet_scan: Scan) -> None:
    """The headline counts accusations only."""
    found = answers.headline(scan).replace("\u00a0", " ")
    assert found == "3 campaigns found among 48,120 accounts and 1.28 M exchanges"
    assert answers.headline(quiet_scan).startswith("No campaign found")


def test_a_log_without_groups_is_not_said_to_lack_inputs(quiet_scan: Scan) -> None:
    assert answers.why_no_test(replace(quiet_scan, groups_tested=0)) == "none: there was no group of accounts to test"
    assert answers.why_no_test(replace(quiet_scan, groups_tested=3)) == "none: every test lacked its input"


def test_the_calibration_line_says_that_operators_below_the_threshold_were_counted_once(scan: Scan) -> None:
    """Whoever reads that the bits hold reads, too, that some groups have more of them than strangers should."""
    excused = Exceedance(10, 812, 40, 0.035, 0.066, 2**-10, holds=True)
    line = answers.calibration_line(replace(scan.calibration, exceedance=(*scan.calibration.exceedance, excused)))
    told = "40 reached 10 bits, as do groups of a few operators not accused, counted once"
    assert line == f"bits checked on 812 benign groups: holds ({told})"
