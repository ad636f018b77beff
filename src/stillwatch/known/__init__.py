"""Known campaigns: what they leave behind, and whether a fresh account continues one.

In: traits of accounts and who the members of a campaign are; later, the exchanges of fresh accounts. Out:
`KnownCampaign` values, and the bits that each exchange adds. Order inside: `campaigns` (the values) -> `lifts` (how
telling a value is) -> `learning` (values and their bits) -> `publicised` (values that others show by now) ->
`following` (a pure look-up, exchange by exchange) -> `queries` (values met in a log) -> `as_json` (indicators.json).
"""

from stillwatch.known.as_json import as_text, of_text, read_known
from stillwatch.known.campaigns import FAMILIES, FamilyOdds, Indicator, KindIndicators, KnownCampaign
from stillwatch.known.following import Index, Trail, follow, index, needed_bits, passed, reasons, total_bits
from stillwatch.known.learning import Left, Values, learn
from stillwatch.known.publicised import publicised
from stillwatch.known.queries import COLUMNS, LOOKED, first_exchanges, met

__all__ = [
    "COLUMNS",
    "FAMILIES",
    "LOOKED",
    "FamilyOdds",
    "Index",
    "Indicator",
    "KindIndicators",
    "KnownCampaign",
    "Left",
    "Trail",
    "Values",
    "as_text",
    "first_exchanges",
    "follow",
    "index",
    "learn",
    "met",
    "needed_bits",
    "of_text",
    "passed",
    "publicised",
    "read_known",
    "reasons",
    "total_bits",
]
