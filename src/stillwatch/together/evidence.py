"""Sentences that an analyst can check: what was tested, what was found, and how strangers compare.

In: scores of the accused groups of one campaign. Out: `Evidence` whose bits add up to the campaign's together bits.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stillwatch.bits import EVEN_REACH_BITS
from stillwatch.together.groups import Groups
from stillwatch.together.likeness import ALL, FAMILIES, HABITS, Accounts, commonest
from stillwatch.together.score import Scores, strongest
from stillwatch.types import Evidence, Trait


def together_evidence(
    accounts: Accounts, groups: Groups, scores: Scores, accused: npt.NDArray[np.int64]
) -> tuple[float, tuple[Evidence, ...]]:
    """Explain a campaign by its most telling group, charged for having looked at all of the campaign's groups."""
    leading = int(accused[np.argmax(scores.total[accused])])
    found = [e for family in FAMILIES if (e := _family_evidence(accounts, groups, scores, leading, family))]
    found += _sum_evidence(scores, leading)
    charge = -float(np.log2(len(accused)))
    if len(accused) > 1:
        claim = (
            f"{len(accused)} groups of these accounts were accused; the strongest is shown and charged "
            f"log2({len(accused)}) bits for the choice"
        )
        found.append(Evidence("choice_of_group", "together", charge, claim))
    return sum(e.bits for e in found), tuple(found)


def _sum_evidence(scores: Scores, group: int) -> list[Evidence]:
    """What the sum of the families is worth beside its face value, where the nulls have measured that."""
    sums = scores.nulls.sums
    if not sums.levels:
        return []
    added = np.array([sum(float(bits[group]) for bits in scores.families.values())])
    rarity, worth = float(sums.p_bits(added)[0]), float(scores.total[group])
    claim = (
        f"families of tests are not quite independent: what their sum of {added[0]:.1f} bits is worth was measured on "
        f"{sums.groups:,} innocent groups, of which at most one in {2**rarity:,.0f} reaches it"
    )
    beyond = added[0] > sums.levels[-1]
    claim += f" (beyond {sums.levels[-1]:.1f} bits by halving with every bit)" if beyond else ""
    most = ", the most that any share counts" if rarity >= EVEN_REACH_BITS else ""
    claim += f"; a share that small counts {worth:.1f} bits{most}, and this line is the difference"
    return [Evidence("sum_of_families", "together", worth - float(added[0]), claim)]


def _family_evidence(accounts: Accounts, groups: Groups, scores: Scores, group: int, family: str) -> Evidence | None:
    test = strongest(scores, group, family)
    if test is None:
        return None
    members = groups.members[[group]].indices.astype(np.int64)
    strangers = np.flatnonzero(scores.strangers)
    tested = [t for t in ALL if t.family == family and np.isfinite(scores.tests[t.name][group])]
    others = "" if len(tested) == 1 else f" ({len(tested)} dependent tests of {family}, averaged)"
    hypothesis = describe(accounts, members, groups.traits[group])
    claim = f"{test.say(accounts, members, strangers)}{others}; hypothesis: {hypothesis}"
    return Evidence(test.name, "together", float(scores.families[family][group]), claim)


def describe(accounts: Accounts, members: npt.NDArray[np.int64], traits: Sequence[Trait]) -> str:
    """Name a hypothesis in words; of a habit, what is commonest in it."""
    kind, value = traits[0].kind, traits[0].value
    if kind.is_habit:
        said = [commonest(accounts, facet, members) for facet in HABITS[kind]]
        return f"accounts alike in {kind} ({', '.join(said)}; part {value} of all accounts)"
    return "accounts that share " + " and ".join(f"{t.kind.replace('_', ' ')} {t.value[:80]}" for t in traits)
