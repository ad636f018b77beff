"""Stillwatch finds, explains and stops distillation campaigns; start reading at `pipeline`."""

import os

# Read when NumPy is imported. Matrices are small here: threads of the linear algebra would spin over them, nine tenths
# of the time of a fit. Work that is large enough is spread by our own threads; a value that is set already stays.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
