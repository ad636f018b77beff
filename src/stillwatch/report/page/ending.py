"""The end of the page: was the run's arithmetic right, what did the input hold, and how to read all this.

In: a `Scan`. Out: the calibration plot, the coverage report, the meaning of a bit, innocent twins, limits.
"""

from collections.abc import Mapping, Sequence

from stillwatch.report import answers, words
from stillwatch.report.clean import visible
from stillwatch.report.page.calibration import calibration_plot
from stillwatch.report.page.markup import Markup, element, together
from stillwatch.report.page.parts import left_out, note, table
from stillwatch.types import Calibration, Coverage, NotEvaluated, Quarantined, Scan

_QUARANTINED, _FILES, _TESTS = 20, 20, 60

_BIT = (
    "A test gives an e-value: a number whose average is at most 1 when the accounts really are strangers who only "
    "share what strangers share. Its base-2 logarithm is the test's bits. Ten bits or more happen to an innocent group "
    "at most once in 2¹⁰ = 1,024 times, b bits at most once in 2 to the power b times, whenever one looks. Bits of "
    "independent tests add up; bits of dependent tests are averaged. Negative bits speak against. Because many groups "
    "are tested, a group is accused only above a threshold (e-BH) that bounds the expected share of false accusations "
    "among all that are made."
)
_TWINS = (
    ("Round-the-clock use", "a nightly evaluation"),
    ("A new account at full speed", "a workload moved from elsewhere"),
    ("One credential, many addresses and clients", "CI runners"),
    ("Enterprise volume on a small plan", "a small team, or procurement that lags"),
    ("Traffic through an aggregator", "a gateway for several models"),
    ("Stripped metadata", "privacy engineering"),
    ("Prompts that elicit reasoning", "an audit trail"),
    ("Another account takes over when one is blocked", "a router over several providers"),
    ("A new model used within a day", "benchmarks on release day"),
    ("Watching the quality of answers", "drift monitoring"),
)
_LIMITS = (
    "Who the operator is. The report says that accounts are run together, not by whom.",
    "What the answers were used for. Training is inferred from how the traffic is made, never observed.",
    "That nothing was missed. Watching queries alone can be neither complete nor sound (Karchmer 2022).",
    "Accounts that have nothing in common that the log records, not even habits.",
    "That every member belongs. Odds of membership are stated one by one; a group's evidence is not a member's.",
    "What a student learned. The gain is read off published training runs and is marked as an estimate.",
    "Anything about inputs that were not there: tests that lacked their columns are listed as not evaluated.",
)


def ending(scan: Scan) -> Markup:
    """Show what a reader needs in order to trust, doubt or repeat the report."""
    return together(
        (
            element("section", element("h2", "Did the bits hold?"), _calibration(scan.calibration), class_="plain"),
            element("section", element("h2", "What the input held"), _coverage(scan.coverage), class_="plain"),
            element(
                "section", element("h2", "Not evaluated in this run"), _off(scan.coverage.tests_off), class_="plain"
            ),
            element("section", element("h2", "How to read this"), _reading(), class_="plain"),
            _footer(scan),
        )
    )


def _calibration(calibration: Calibration) -> Markup:
    parts = [element("p", answers.calibration_line(calibration), class_="strong")]
    parts.append(note(f"Benign groups: {visible(calibration.source, 300) or 'source not stated'}"))
    if calibration.exceedance:
        parts += [calibration_plot(calibration), _exceedance(calibration)]
    return together(parts)


def _exceedance(calibration: Calibration) -> Markup:
    rows = (
        (
            str(e.bits),
            words.count(e.groups),
            words.count(e.exceeding),
            f"{e.exceeding / e.groups:.5f}" if e.groups else "none",
            f"{e.low_fraction:.5f} to {e.high_fraction:.5f}",
            f"{e.allowed_fraction:.5f}",
            "a few operators'" if e.excused else "holds" if e.holds else "BROKEN",
        )
        for e in calibration.exceedance
    )
    heads = ("Bits", "Benign groups", "Reached them", "Share", "Interval", "Allowed", "Result")
    return table(
        "Benign groups that reached so many bits, against what is allowed", heads, rows, numbers=(0, 1, 2, 3, 4, 5)
    )


def _coverage(coverage: Coverage) -> Markup:
    rows = (
        ("Rows read", words.count(coverage.rows_read)),
        ("Rows quarantined", words.count(coverage.rows_quarantined)),
        ("Duplicates dropped", words.count(coverage.rows_duplicated)),
        ("Accounts seen", words.count(coverage.accounts)),
        ("Accounts declared", words.count(coverage.accounts_declared)),
        ("Files", words.count(len(coverage.files))),
    )
    parts = [table("Rows and accounts", ("What", "How many"), rows, numbers=(1,))]
    files = element("ul", *(element("li", element("code", visible(f, 120))) for f in coverage.files[:_FILES]))
    parts += [files, left_out(_FILES, len(coverage.files), "file", "coverage.json")]
    parts += [_quarantined(coverage.quarantined), _columns("Columns of exchanges", coverage.column_fraction)]
    parts += [_columns("Columns of accounts", coverage.account_column_fraction)]
    parts += [note(visible(remark, 300)) for remark in coverage.notes]
    return together(parts)


def _quarantined(bad: Sequence[Quarantined]) -> Markup:
    if not bad:
        return note("No row was quarantined.")
    rows = ((visible(b.file, 80), f"{b.row:,}", visible(b.reason, 200)) for b in bad[:_QUARANTINED])
    made = table("Rows that could not be read", ("File", "Row", "Why"), rows, numbers=(1,))
    return together((made, left_out(_QUARANTINED, len(bad), "listed row", "coverage.json")))


def _columns(caption: str, fractions: Mapping[str, float]) -> Markup:
    if not fractions:
        return together(())
    rows = ((element("code", visible(name, 40)), _filled(fraction)) for name, fraction in fractions.items())
    return element("div", table(caption, ("Column", "Rows that have it"), rows, numbers=(1,)), class_="half")


def _filled(fraction: float) -> Markup:
    return element("span", words.share(fraction) if fraction else "missing", class_=None if fraction else "absent")


def _off(off: Sequence[NotEvaluated]) -> Markup:
    if not off:
        return note("Every test had the input it needs.")
    rows = ((f"{o.question}?", visible(words.spoken(o.test), 60), visible(o.missing, 300)) for o in off[:_TESTS])
    made = table("Tests that were off, and the input that would turn them on", ("Question", "Test", "Needs"), rows)
    return together((made, left_out(_TESTS, len(off), "test", "coverage.json")))


def _reading() -> Markup:
    return together(
        (
            element("h3", "What a bit is"),
            element("p", _BIT),
            element("h3", "What this cannot show"),
            element("ul", *(element("li", limit) for limit in _LIMITS)),
            element("h3", "Innocent explanations to rule out first"),
            table("Each indicator of the joint advisory AA26-251A has an innocent twin", ("Indicator", "Twin"), _TWINS),
        )
    )


def _footer(scan: Scan) -> Markup:
    line = (
        f"Stillwatch {visible(scan.version, 20)}; as of {words.minute(scan.as_of)} UTC; input "
        f"{visible(scan.input_fingerprint, 70)}; settings {visible(scan.settings_hash, 40)}. "
        "Equal input and settings give this page again, byte for byte."
    )
    return element("footer", element("p", line))
