import numpy as np
import pyarrow as pa

from stillwatch.sketch import feature_rows, word_lists


def test_lists_are_the_rows_of_the_model_cut_apart() -> None:
    """Words, edges and shapes of texts of every length around the edges are those that `feature_rows` lists."""
    texts = pa.array([None, "", *(" ".join(f"w{chr(97 + k)}" for k in range(n)) for n in range(1, 24))])
    indptr, indices, _ = feature_rows(texts)
    listed = word_lists(texts)
    for text in range(len(texts)):
        rows = indices[indptr[text] : indptr[text + 1]]
        words = listed.words[listed.starts[text] : listed.starts[text + 1]]
        edges = listed.edges[listed.edge_starts[text] : listed.edge_starts[text + 1]]
        count = max(text - 1, 0)
        assert len(words) == count
        assert len(edges) == 2 * min(count, 16)
        assert (
            rows[: max(2 * count - 1, 0)][[0, *range(1, 2 * count - 1, 2)] if count else []].tolist() == words.tolist()
        )
        assert rows[max(2 * count - 1, 0) : -10].tolist() == edges.tolist()
        assert np.array_equal(rows[-10:] - 65_536, listed.shapes[text])
