"""Processor seconds that a sentence encoder takes for texts, on one thread, without loading it; nothing is fetched.

Usage: encode_cost.py MODEL_FOLDER < TEXTS.json. Needs sentence-transformers (not a dependency: run it in an environment
of its own). Prints one number. Used by `compare_size.py --encoder`.
"""

import json
import sys
import time

import torch  # type: ignore[import-not-found]  # of an environment of its own
from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found]  # likewise


def main() -> None:
    torch.set_num_threads(1)
    model = SentenceTransformer(sys.argv[1], device="cpu", local_files_only=True)
    texts = json.load(sys.stdin)
    model.encode(texts[:64], batch_size=64, show_progress_bar=False)
    began = time.process_time()
    model.encode(texts, batch_size=64, normalize_embeddings=True, show_progress_bar=False)
    print(time.process_time() - began)


if __name__ == "__main__":
    main()
