"""Without prompts: how much is answered, and whether it ever rests. What lengths and times can say of "taking?".

In: `sketched` and `members`; no text. Out: an expression, `Silent` arrays of it, and two harvest tests that read them.
Units, strangers and ranks are those of `answer`; so is the error that is allowed.

Purpose: gateways that log no content. Claims: a harvest pays for answers long enough to teach something, and for so
many of them, round the clock, as ordinary accounts do not. Which of them are harvested, and for what, lengths and times
cannot say: the answer is "mixed" at most, and the verdict of a group that hides is `relay`, never `distillation`.
Innocent twins: a nightly batch (many answers, in few hours); a service that never rests (few and short answers).
"""

from dataclasses import dataclass
from functools import cached_property

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.taking.counts import Vector
from stillwatch.taking.harvest import HarvestTest, Reading, share_words
from stillwatch.taking.units import MOST_STRANGERS, SHORT_REPLY_TOKENS, STRANGER_EXCHANGES, answered, with_units

HOURS = 24
QUIET_HOURS = 12  # half a day: whoever sleeps, or works in one country, leaves it nearly empty
ANSWERS_EXPONENT = 1.0  # a campaign hides among short answers: the dose counts more than the share
REST_EXPONENT = 8.0  # only a day without a night counts


def unit_hours(sketched: ir.Table, members: ir.Table) -> ir.Table:
    """Count each unit's answered exchanges by hour of the day: (campaign_id, account_key, hour, exchanges, ...)."""
    rows = with_units(answered(sketched), members)
    long = (rows.output_tokens > SHORT_REPLY_TOKENS).fill_null(False).cast("int64")  # noqa: FBT003 - Ibis
    rows = rows.mutate(hour=(rows.second // 3600) % HOURS, long=long, sized=rows.output_tokens.notnull().cast("int64"))
    return rows.group_by("campaign_id", "account_key", "hour").agg(
        exchanges=lambda t: t.count(), long=lambda t: t.long.sum(), sized=lambda t: t.sized.sum()
    )


@dataclass(frozen=True)
class Silent:
    """All units: campaigns in order of name, then strangers with enough exchanges.

    exchanges: answered ones; long: of the `sized` whose reply's length is known, those of more than
    `SHORT_REPLY_TOKENS`; quiet: those in the `QUIET_HOURS` hours of the day in which the unit does least.
    """

    campaigns: tuple[str, ...]
    exchanges: Vector
    long: Vector
    sized: Vector
    quiet: Vector

    @cached_property
    def strangers(self) -> int:
        """Number of strangers."""
        return len(self.exchanges) - len(self.campaigns)


def silent(hours: pa.Table) -> Silent:
    """Turn the result of `unit_hours` into arrays."""
    named = hours["campaign_id"].combine_chunks().fill_null("")
    labels = pc.binary_join_element_wise(named, hours["account_key"].combine_chunks().cast(pa.string()), "\n")
    coded = labels.dictionary_encode()
    unit, hour = coded.indices.to_numpy(), hours["hour"].to_numpy().astype(np.int64)
    clock = np.zeros((len(coded.dictionary), HOURS))
    np.add.at(clock, (unit, hour), hours["exchanges"].to_numpy())
    long, sized = (
        np.bincount(unit, hours[name].to_numpy(), len(clock)).astype(np.float64) for name in ("long", "sized")
    )
    names = [label.partition("\n")[0] for label in coded.dictionary.to_pylist()]
    keys = [int(label.partition("\n")[2]) for label in coded.dictionary.to_pylist()]
    campaigns = sorted((name, at) for at, name in enumerate(names) if name)
    enough = clock.sum(axis=1) >= STRANGER_EXCHANGES
    strangers = sorted((key, at) for at, key in enumerate(keys) if not names[at] and enough[at])[:MOST_STRANGERS]
    order = [at for _, at in (*campaigns, *strangers)]
    clock = clock[order]
    quiet = np.sort(clock, axis=1)[:, :QUIET_HOURS].sum(axis=1)
    return Silent(tuple(name for name, _ in campaigns), clock.sum(axis=1), long[order], sized[order], quiet)


def _answers(counts: Silent) -> Reading:
    return Reading(counts.long, counts.sized)


def _rest(counts: Silent) -> Reading:
    """Twice the quieter half: of a unit that never rests all exchanges are hits."""
    return Reading(2 * counts.quiet, counts.exchanges)


def _answers_sentence(_counts: Silent, _row: int, hits: int, of: int) -> str:
    return f"{share_words(hits, of)} answers are longer than {SHORT_REPLY_TOKENS} tokens"


def _rest_sentence(_counts: Silent, _row: int, hits: int, of: int) -> str:
    return f"{share_words(hits // 2, of)} exchanges lie in the quieter half of the day, 50 % were it never to rest"


LONG_ANSWERS = HarvestTest("long answers", "content", "output_tokens", ANSWERS_EXPONENT, _answers, _answers_sentence)
NO_REST = HarvestTest("no rest", "structure", "ts", REST_EXPONENT, _rest, _rest_sentence)
