"""The run's check of its own bits: do benign groups reach b bits at most as often as 2^-b?

In: the groups of a run, their bits, and who is in a campaign or labelled innocent. Out: `Calibration`.

An operator's groups share accounts and are one observation, not many: one campaign just below the threshold of
accusation, or a decoy, has a hundred groups with all its bits. So where more groups reach b bits than 2^-b and chance
allow, the communities that they form are counted instead, and compared with those of as many groups of this run drawn
at random, one in 2^b each. Were bits honest and groups independent, both counts would have one distribution; groups
that reach b bits because they share accounts form fewer. Dishonest bits are all over a run, and form too many still.
Source: Davison & Hinkley 1997, Bootstrap Methods and their Application, section 4.2 (Monte Carlo tests).
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from stillwatch.bits import exceedance
from stillwatch.together.communities import communities
from stillwatch.together.dispersion import Floats, Mask
from stillwatch.together.groups import Groups
from stillwatch.types import Calibration, Exceedance, LabelledInnocents

_FEWEST_CHECKED = 8  # benign groups: with fewer not even 3 bits can be checked
_DRAWS = 39
_RESOLUTION = 0.1  # one operator is one community; any other value keeps the promise, since draws are counted alike
_SEED = 7


@dataclass(frozen=True, slots=True)
class Checked:
    """What a run's check of its own bits rests on. groups: their accounts; bits: of each; open: those that declare no
    organisation.
    """

    groups: Groups
    bits: Floats
    open: Mask
    nulls: str

    def calibration(self, suspects: Mask, innocents: Mask | None = None) -> Calibration:
        """Check the bits on groups of strangers: no account of a campaign in more than a tenth of it.

        Args:    innocents: accounts labelled so; a campaign that accuses them does not make them suspects.
        """
        nobody = np.zeros(len(suspects), bool)
        cleared = nobody if innocents is None else innocents
        size = np.asarray(self.groups.members.sum(axis=1)).ravel()
        benign = (10 * self._inside(suspects & ~cleared) < size) & self.open
        most = (2 * self._inside(cleared) > size) & self.open
        table = operators_exceedance(self.bits[benign], self.groups.members[benign], most[benign])
        enough = int(benign.sum()) >= _FEWEST_CHECKED
        said = "" if enough else f" (too few to check: {_FEWEST_CHECKED} are needed)"
        source = f"groups of this run without campaign members{said}; nulls: {self.nulls}"
        accused = int((suspects & cleared).sum())
        labelled = LabelledInnocents(int(cleared.sum()), accused, int(most.sum()), exceedance(self.bits[most]))
        held = enough and all(row.holds for row in table)
        return Calibration(int(benign.sum()), table, held, source, None if innocents is None else labelled)

    def _inside(self, accounts: Mask) -> Floats:
        return np.asarray(self.groups.members @ accounts.astype(float)).ravel()


def operators_exceedance(bits: Floats, members: sp.csr_array, innocent: Mask) -> tuple[Exceedance, ...]:
    """Check bits on benign groups as `exceedance` does, but hold against them only once what one operator can cause.

    Begun with the highest bits, which few groups reach; below a level that fails, nothing is excused.

    Args:    members: 0/1 [groups, accounts]; innocent: groups of accounts labelled so, which no operator causes.
    """
    judged: list[Exceedance] = []
    for row in reversed(exceedance(bits)):
        excused = not row.holds and all(above.holds for above in judged)
        holds = row.holds or (excused and _by_chance(bits >= row.bits, members, innocent, row.allowed_fraction))
        judged.append(replace(row, holds=holds))
    return tuple(reversed(judged))


def _by_chance(reached: Mask, members: sp.csr_array, innocent: Mask, allowed_fraction: float) -> bool:
    """Whether as many groups as may reach these bits, drawn at random, ever form so many communities.

    Of honest bits one in `_DRAWS` + 1 fails: 2.5 %, as with the interval of `exceedance`. More than half of all
    accounts are no operator, however few communities they are.
    """
    accounts = members.sum(axis=0)
    if 2 * np.count_nonzero(members[reached].sum(axis=0)) > np.count_nonzero(accounts):
        return False
    rng, found = np.random.default_rng(_SEED), _operators(members[reached & ~innocent]) + (reached & innocent).sum()
    drawn = (rng.random(len(reached)) < allowed_fraction for _ in range(_DRAWS))
    return any(_operators(members[some]) >= found for some in drawn)


def _operators(members: sp.csr_array) -> int:
    return len(communities(members, np.ones(members.shape[0]), _RESOLUTION))
