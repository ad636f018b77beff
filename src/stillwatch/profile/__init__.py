"""One account's behaviour, summarised: totals and histograms that add up, so shards and days merge.

In: the `sketched` table. Out: Ibis expressions for `tables.PROFILES` and `tables.FACETS`, and `Profiles`, the same as
arrays. Read `together` next: it asks whether profiles of a group differ as strangers do.
"""

from stillwatch.profile.assemble import FACET_BINS, Profiles, assemble
from stillwatch.profile.facets import facets, grown_facets
from stillwatch.profile.totals import added_totals, totals

__all__ = ["FACET_BINS", "Profiles", "added_totals", "assemble", "facets", "grown_facets", "totals"]
