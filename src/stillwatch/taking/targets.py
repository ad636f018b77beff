"""The shipped weights of the target classifier.

In: target_weights.npz, written by lab/train_targets.py. Out: `TargetWeights`, arrays that the text kernel projects on.
Columns 0..10 are the logits of `types.TARGETS` in order, 11 that the prompt asks for reasoning to be written out,
12 that it asks for an answer to be judged; the rest are spare. How good it is: docs/reference/targets.md.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

ELICITS_HEAD = 11
JUDGES_HEAD = 12


@dataclass(frozen=True, slots=True, eq=False)
class TargetWeights:
    """A linear model over hashed words and shape of a prompt.

    weights: int8 [features, heads]; bias: float32 [heads].
    logit = bias + scale * (weighted sum of the rows of the prompt's words, word pairs, first and last words and
    shape); `sketch.Projection` has the weights.
    version: of the training; a report that names targets names it.
    """

    weights: npt.NDArray[np.int8]
    scale: float
    bias: npt.NDArray[np.float32]
    version: int


@cache
def load_projection() -> TargetWeights:
    """Read the weights that come with the package; the arrays are read-only."""
    with files("stillwatch.taking").joinpath("target_weights.npz").open("rb") as stream, np.load(stream) as stored:
        weights, bias = stored["weights"], stored["bias"]
        scale, version = float(stored["scale"]), int(stored["version"])
    weights.flags.writeable = False
    bias.flags.writeable = False
    return TargetWeights(weights, scale, bias, version)
