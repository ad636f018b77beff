"""Kinds of exchanges: what tells a relay's harvest from its customers' requests where no words do.

In: answered exchanges of campaigns, with the scaffold they carry, if any. Out: expressions.

A campaign's exchanges without its words ("bare") are a mixture, m = h * harvest + (1 - h) * customers. What its harvest
looks like is known from the exchanges that carry its words: kind by kind, w. The mixture holds no more harvest than its
scarcest kind allows: h <= min m / w over the kinds that the harvest is made of. With that h, a bare exchange of a kind
is taken with probability h * w / m, and counted where that is a half or more. Nothing is assumed about the customers.

A kind: target, whether the exchange opens a conversation, length of the prompt, whether reasoning or grading is asked
for. Source: mixture proportions under mutual contamination, Blanchard, Lee & Scott 2010.
"""

import ibis
import ibis.expr.types as ir

FEWEST_WORDED = 100  # exchanges with the campaign's words; with fewer, what its harvest looks like is not known
LARGEST_LIFT = 2.0  # times the scarcest kind's bare exchanges to a worded one: there h * w / m is a half
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


def harvest_kinds(counted: ir.Table) -> ir.Table:
    """Give the kinds whose bare exchanges are likelier harvest than not: (owner, likely), a campaign and a kind.

    Args:    counted: (campaign_id, kind, worded, exchanges), counts of exchanges with a campaign's words and without.
    """
    kinds = counted.group_by("campaign_id", "kind").agg(
        worded=lambda t: t.worded.ifelse(t.exchanges, 0).sum().cast("int64"),
        bare=lambda t: t.worded.ifelse(0, t.exchanges).sum().cast("int64"),
    )
    kinds = kinds.filter(kinds.worded > 0).mutate(lift=lambda t: (t.bare + 1) / t.worded)
    whole = kinds.group_by(owner=kinds.campaign_id).agg(all_worded=lambda t: t.worded.sum())
    whole = whole.filter(whole.all_worded >= FEWEST_WORDED)
    known = kinds.inner_join(whole, kinds.campaign_id == whole.owner)
    main = known.filter(known.worded * MAIN_DIVISOR >= known.all_worded)
    scarcest = main.group_by(bounded=main.owner).agg(least=lambda t: t.lift.min())
    known = known.inner_join(scarcest, known.owner == scarcest.bounded)
    kept = known.filter(known.lift <= LARGEST_LIFT * known.least)
    return kept.select("owner", likely=kept.kind)
