"""Vectors of a sentence encoder for mmd_table.py, made from a model in a local folder; nothing is fetched.

Usage: encode_texts.py MODEL_FOLDER OUT.npy. Needs sentence-transformers (not a dependency: run it in an environment of
its own). Writes float32 [texts, d] of length 1, in the order of `mmd_table.all_texts`.
"""

import sys

import numpy as np
from mmd_table import all_texts
from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found]  # of an environment of its own


def main() -> None:
    folder, out = sys.argv[1:3]
    texts = [text for part in all_texts().values() for text in part]
    model = SentenceTransformer(folder, device="cpu", local_files_only=True)
    vectors = model.encode(texts, batch_size=64, normalize_embeddings=True, show_progress_bar=False)
    np.save(out, np.asarray(vectors, np.float32))
    print(f"{len(texts):,} texts, {vectors.shape[1]} numbers each")


if __name__ == "__main__":
    main()
