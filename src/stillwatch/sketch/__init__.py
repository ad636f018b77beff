"""Text to sketches: the one stage that reads prompts, and the only hot loop over text.

In: batches of `tables.EXCHANGES`. Out: batches of `tables.SKETCHED`. Read `kernel` for the loop, `texts` for sketches
of single texts, `exchanges` for a batch.
"""

from stillwatch.sketch.exchanges import canonical_parameters, likeliest_targets, network, sketch
from stillwatch.sketch.kernel import FEATURE_BUCKETS, HEADS, SHAPE_BUCKETS, VERSION
from stillwatch.sketch.keyed import KEY_BYTES, bridges, keyed, keyed_values
from stillwatch.sketch.listing import WordLists, word_lists
from stillwatch.sketch.texts import (
    Projection,
    feature_rows,
    folded_hash64,
    hash64,
    jaccard,
    merge,
    scaffold_hashes,
    signature,
)

__all__ = [
    "FEATURE_BUCKETS",
    "HEADS",
    "KEY_BYTES",
    "SHAPE_BUCKETS",
    "VERSION",
    "Projection",
    "WordLists",
    "bridges",
    "canonical_parameters",
    "feature_rows",
    "folded_hash64",
    "hash64",
    "jaccard",
    "keyed",
    "keyed_values",
    "likeliest_targets",
    "merge",
    "network",
    "scaffold_hashes",
    "signature",
    "sketch",
    "word_lists",
]
