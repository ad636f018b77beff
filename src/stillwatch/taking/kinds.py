"""Kinds of exchanges: what tells a relay's harvest from its customers' requests where no words do.

In: answered exchanges of campaigns, with the scaffold they carry, if any. Out: expressions.

A campaign's exchanges without its words ("bare") are a mixture, m = h * harvest + (1 - h) * customers. What its harvest
looks like is known from the exchanges that carry its words: kind by kind, w. The mixture holds no more harvest than its
scarcest kind allows: h <= min m / w over the kinds that the harvest is made of. With that h, a bare exchange of a kind
is taken with probability h * w / m, and counted where that is a half or more. Nothing is assumed about the customers.

A kind: target, whether the exchange opens a conversation, length of the prompt, whether reasoning or grading is asked for.
Source: mixture proportions under mutual contamination, Blanchard, Lee & Scott 2010.
"""

import ibis
import ibis.expr.types as ir

FEWEST_WORDED = 100  # exchanges with the campaign's words; with fewer, what its harvest looks like is not known
MAIN_DIVISOR = 20  # kinds with a twentieth of the harvest bound the mixture; rarer ones are noise
LENGTHS = tuple(2**power for power in range(6, 14))  # edges in characters


def kind_of(rows: ir.Table) -> ir.Value:
    """Give the number of each exchange's kind."""
    length = ibis.literal(0, "int64")
    for edge in LENGTHS:
        length += (rows.prompt_chars.fill_null(0) >= edge).cast("int64")
    opens = (rows.turn.isnull() | (rows.turn == 0)).cast("int64")
    asks = rows.elicits_reasoning.cast("int64") + 2 * rows.judges.cast("int64")
    return ((rows.target.cast("int64") * (len(LENGTHS) + 1) + length) * 2 + opens) * 4 + asks


def harvest_kinds(matched: ir.Table) -> ir.Table:
    """Give the kinds whose bare exchanges are likelier harvest than not: (owner, likely), a campaign and a kind."""
    kinds = matched.group_by("campaign_id", "kind").agg(
        worded=lambda t: t.stream.notnull().cast("int64").sum(), bare=lambda t: t.stream.isnull().cast("int64").sum()
    )
    whole = ibis.window(group_by="campaign_id")
    kinds = kinds.mutate(all_worded=kinds.worded.sum().over(whole))
    kinds = kinds.filter((kinds.all_worded >= FEWEST_WORDED) & (kinds.worded > 0))
    lift = (kinds.bare + 1) / kinds.worded
    kinds = kinds.mutate(lift=lift, bound=(kinds.worded * MAIN_DIVISOR >= kinds.all_worded).ifelse(lift, ibis.null()))
    kinds = kinds.mutate(scarcest=kinds.bound.min().over(whole))
    kept = kinds.filter(kinds.lift <= 2 * kinds.scarcest)
    return kept.select(owner=kept.campaign_id, likely=kept.kind)
