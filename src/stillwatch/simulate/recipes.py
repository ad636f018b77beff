"""What a campaign's queue asks: scaffolds per target in several wordings, other languages, cover traffic, first probes.

In: a `World` and one `Operator`. Out: the index of a recipe. Read `operators` first; `compose` deals the tasks out.
"""

from collections.abc import Iterator
from dataclasses import replace

from stillwatch.simulate.compose import PROBE
from stillwatch.simulate.kinds import CHAT, DEVELOP, Kind
from stillwatch.simulate.library import Part
from stillwatch.simulate.population import parts_of
from stillwatch.simulate.scenario import Operator
from stillwatch.simulate.schedules import last_hour
from stillwatch.simulate.world import World
from stillwatch.types import TARGETS, Target

COVER = 1
CLAUSES = (2, 3)  # clauses of one wording, at least and at most

# where each target's tasks come from: source and second text
TASKS: dict[Target, tuple[str, str]] = {
    Target.REASONING: ("gsm8k", "sentences"),
    Target.GRADING: ("graded", "graded_answers"),
    Target.REFUSAL_REWRITING: ("arena", "sentences"),
    Target.CODING: ("code", "sentences"),
    Target.AGENTIC_TOOL_USE: ("toolformer", "sentences"),
    Target.DATA_ANALYSIS: ("tables", "sentences"),
    Target.VISION_COMPUTER_USE: ("taubench", "sentences"),
    Target.FORMATTING: ("t0", "sentences"),
    Target.INSTRUCTION_FOLLOWING: ("roleplay", "sentences"),
    Target.KNOWLEDGE: ("t0", "sentences"),
    Target.OTHER: ("arena", "sentences"),
}


def recipe_of(world: World, operator: Operator) -> int:
    """Add the operator's recipe and give its index."""
    library, whole = world.library, sum(operator.targets.values())
    parts: list[Part] = []
    for target, weight in operator.targets.items():
        parts += _harvest(world, operator, Target(target), weight / whole)
    covers = parts_of(Kind("cover", 0, "person", ("person",), (*CHAT, *DEVELOP)))
    parts += [replace(c, weight=operator.cover_fraction * c.weight / 2, order="any", purpose=COVER) for c in covers]
    probes = [library.scaffold(text) for text in library.bank_of("operator", "probe") for _ in range(3)]
    main = max(parts, key=lambda part: part.weight)
    parts.append(Part(0.0, main.target, main.source, "any", probes[0], len(probes), "sentences", 0.8, purpose=PROBE))
    if operator.system == "fixed":
        text = library.system(library.bank_of("operator", "fixed_system")[0])
        parts = [replace(part, system=text) for part in parts]
    return library.recipe(parts)


def _harvest(world: World, operator: Operator, target: Target, weight: float) -> Iterator[Part]:
    """One target's parts: the English ones, and the share that is asked in other languages."""
    share = (1 - operator.cover_fraction) * weight
    foreign = operator.chinese_fraction + operator.scripts_fraction
    source, extra = TASKS[target]
    if foreign < 1:
        yield from _asked(world, operator, target, "operator", (share * (1 - foreign), source, extra))
    if operator.chinese_fraction:
        yield from _asked(
            world, operator, target, "chinese", (share * operator.chinese_fraction, "belle_zh", "belle_zh")
        )
    if operator.scripts_fraction:
        yield from _asked(world, operator, target, "scripts", (share * operator.scripts_fraction, source, extra))


def _asked(
    world: World, operator: Operator, target: Target, section: str, what: tuple[float, str, str]
) -> Iterator[Part]:
    """One part a scaffold; `what`: weight, source and second text."""
    weight, source, extra = what
    for first, wordings, count in _scaffolds(world, operator, target, section):
        part = Part(
            weight / count,
            TARGETS.index(target),
            source,
            "list",
            first,
            wordings,
            extra,
            tools=_tools(world, target),
            system=_system(world, operator, target),
            reworded=operator.repeat_wording == "anew",
        )
        yield _graded(world, operator, part) if target is Target.GRADING and section != "chinese" else part


def _scaffolds(world: World, operator: Operator, target: Target, section: str) -> Iterator[tuple[int, int, int]]:
    """First wording, number of wordings and number of scaffolds of this target."""
    library = world.library
    if not operator.scaffolds:
        yield 0, 1, 1
        return
    bank = library.bank_of(section, target.value if section == "operator" else _spoken(world, target, section))
    weight = operator.targets[target] / sum(operator.targets.values())
    count = min(len(bank), max(1, round(operator.scaffolds * weight)))
    for template in world.rng.choice(len(bank), count, replace=False):
        if operator.wording == "clauses" and section == "operator":
            yield _clauses(world, operator, target), operator.paraphrases, count
        else:
            yield library.paraphrases(bank[template], operator.paraphrases), operator.paraphrases, count


def _spoken(world: World, target: Target, section: str) -> str:
    return target.value if target.value in world.library.bank[section] else "any"


def _clauses(world: World, operator: Operator, target: Target) -> int:
    """Add wordings that have no sentence in common for long: some clauses before the task, some after."""
    library, rng = world.library, world.rng
    named = target.value if target.value in library.bank["clauses"] else "any"
    clauses = library.bank_of("clauses", named)
    first = len(library.scaffolds)
    for _ in range(operator.paraphrases):
        size = min(len(clauses), int(rng.integers(CLAUSES[0], CLAUSES[1] + 1)))
        picked = [clauses[i] for i in rng.choice(len(clauses), size, replace=False)]
        split = int(rng.integers(0, size + 1))
        before, after = " ".join(picked[:split]), " ".join(picked[split:])
        library.scaffold("\n\n".join(text for text in (before, "{}", after) if text))
    return first


def _graded(world: World, operator: Operator, part: Part) -> Part:
    """A student's own answers to the question, weak or getting better, instead of anybody's."""
    if operator.student == "none":
        return part
    begins = operator.start_hour if operator.student == "improving" else float("inf")
    return replace(part, extra="graded_drafts", improves=(begins, last_hour(world, operator)))


def _system(world: World, operator: Operator, target: Target) -> int:
    """Half of the scaffolds come with a system prompt: the popular coding tool's own words, or everybody's."""
    if operator.system != "half" or world.rng.random() < 0.5:
        return 0
    name = "coding_tool_system" if target is Target.CODING else "chat_system"
    phrases = [text for text in world.library.bank_of("customer", name) if text]
    return world.library.system(phrases[int(world.rng.integers(len(phrases)))]) if phrases else 0


def _tools(world: World, target: Target) -> int:
    return world.library.some_tools(4, 10) if target in (Target.AGENTIC_TOOL_USE, Target.VISION_COMPUTER_USE) else 0
