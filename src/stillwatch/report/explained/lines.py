"""The lines that campaigns and accounts have in common: a group test by test, the run's check of itself.

In: rows of `stored`. Out: `Line` and `Section` values.
"""

from collections.abc import Sequence

from stillwatch.report import words
from stillwatch.report.explained import innocent
from stillwatch.report.explained.stored import Row, Stored
from stillwatch.report.explained.values import Line, Section
from stillwatch.types import TraitKind

_SHOWN_VALUE = 60  # characters
_HASHED = frozenset({"scaffold", "system_prompt", "task_list", "tool_schema"})

SUM_NULL = "innocent groups of the reference, whatever they share"
BITS_EXPLAINED = (
    "Evidence is counted in bits. A bit is a doubling: an innocent group reaches n bits by chance at most once in "
    "2 to the power of n; 10 bits are once in about 1,000. Below 0 the evidence speaks for innocence."
)


def group_phrase(group: Row) -> str:
    """Name a group by what it shares: '12 accounts with the same client software (httpx)'."""
    values = [
        f"{_stands_for(kind)}{value[:_SHOWN_VALUE]}"
        for kind, value in zip(group["kinds"], group["values"], strict=True)
    ]
    shared = innocent.shared_thing(group["kinds"])
    return f"{words.many(group['accounts'], 'account')} with {shared} ({' and '.join(values)})"


def _stands_for(kind: str) -> str:
    """Say what stands for a value that is no word."""
    return "part " if TraitKind(kind).is_habit else "hash " if kind in _HASHED else ""


def taken_words(campaign: Row, whose: str = "") -> str:
    """Say of a number of exchanges that they were taken, or that they were not enough to say so."""
    if campaign["taking"] == "no":
        return "resemble taking, which is not enough to say so"
    return f"were counted as taken {whose}".rstrip()


def tests_text(tests: Sequence[Row]) -> tuple[str, str]:
    """Say what the percentages of a group's tests mean, and which innocent groups they are compared with."""
    return (
        "In per cent: how much these accounts differ, chance taken out, of what unrelated accounts of their size do.",
        f"Compared with: {_population(tests[0])}.",
    )


def family_lines(tests: Sequence[Row], total_bits: float) -> tuple[Line, ...]:
    """Give one step a family, strongest first, then what their sum is worth; the steps add up to the group's bits."""
    steps = []
    for family, parts in family_parts(tests).items():
        bits = next(test["family_bits"] for test in tests if test["family"] == family)
        averaged = f" ({len(parts)} tests that look at the same thing, averaged)" if len(parts) > 1 else ""
        sentence = f"{innocent.family_named(family)}{averaged}"
        steps.append(Line(family, bits, sentence, _population(tests[0]), parts[0].innocent, (), parts))
    added = sum(step.bits or 0 for step in steps)
    sentence = (
        f"families of tests are not quite independent: by how many innocent groups reach their sum of {added:.1f} "
        f"bits, it counts {total_bits:.1f}, and this line is the difference"
    )
    last = Line(
        "sum_of_families", round(total_bits - added, 3), sentence, SUM_NULL, innocent.innocent("sum_of_families")
    )
    return (*sorted(steps, key=lambda step: -(step.bits or 0)), last)


def family_parts(tests: Sequence[Row]) -> dict[str, tuple[Line, ...]]:
    """Give a group's tests as lines by family, the strongest first."""
    usual = _population(tests[0]) if tests else ""
    parts: dict[str, list[Line]] = {}
    for test in sorted(tests, key=lambda test: (-test["bits"], test["test"])):
        sentence = f"{innocent.named(test['test'])}: {words.count(test['accounts'])} accounts {_alike(test)}"
        null = null_sentence(test, usual)
        line = Line(test["test"], test["bits"], sentence, null, innocent.innocent(test["test"]))
        parts.setdefault(test["family"], []).append(line)
    return {family: tuple(lines) for family, lines in parts.items()}


def _alike(test: Row) -> str:
    fraction = test["alike_fraction"]
    return "differ as much as strangers" if fraction >= 1 else f"differ by {words.share(fraction)}"


def _population(test: Row) -> str:
    return f"{words.count(test['null_groups'])} {innocent.null_groups(test['null_kind'])}"


def null_sentence(test: Row, said: str = "") -> str:
    """Say what a test of a group was compared with; `said` is the population that a reader knows already."""
    population = _population(test)
    usual, rare = (words.share(min(max(test[name], 0.01), 1.0)) for name in ("usual_fraction", "rare_fraction"))
    who = "innocent groups" if population == said else population
    return f"{who}: {usual} in the middle, one in a hundred below {rare}"


def check_section(stored: Stored) -> Section:
    """Say whether the run's bits can be trusted, and what it could not look at."""
    calibration = stored.overview["calibration"]
    groups = words.many(calibration["groups_checked"], "benign group")
    held = (
        f"The scan checked its own numbers on {groups} of the same log; they held."
        if calibration["ok"]
        else f"The scan checked its own numbers on {groups} of the same log, and they did NOT hold or there were too "
        "few: nothing may be enforced on this result."
    )
    off = [innocent.named(test["test"]) for test in stored.overview["not_evaluated"]]
    missing = (f"Not looked at, because the log lacks it: {', '.join(off)}.",) if off else ()
    return Section("What this rests on", (held, f"Compared and checked with: {calibration['source']}.", *missing))
