"""The texts and arrivals that traffic is composed of, in two disjoint halves.

In: the shipped pack, and optionally a folder with more prompt sets. Out: a `PromptPool`: one array of texts in which
every source is a run, arrivals of real clients, and runs of address blocks. Half A is for fitting thresholds, half B
for checking them: no text, template or client is in both.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stillwatch.errors import InputError
from stillwatch.simulate.drafts import drafted

Sources = Literal["A", "B", "all"]
TEXT_CHARACTERS = 2_400

# sets used only when a prompts folder is given, and the source of the pack that each one widens
MORE = (
    ("harvest_cot", "gsm8k"),
    ("harvest_tools", "toolformer"),
    ("eval_suites", "t0"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """Where a source lies in the array of texts."""

    first: int
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """Real clients of a model service (ServeGen), one row each; `lasting` and `hourly` hold only some of them.

    per_day: exchanges a recorded day; weibull: whether gaps are Weibull (else Gamma); gap_shape: the law's shape
    parameter. lasting: rows of the clients that were recorded for 14 days and busy on half of them or more; hourly:
    (lasting, 336) their share of their busiest hour.
    """

    category: NDArray[np.str_]
    per_day: NDArray[np.float64]
    weibull: NDArray[np.bool_]
    gap_shape: NDArray[np.float64]
    lasting: NDArray[np.int64]
    hourly: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PromptPool:
    """Everything real that goes into simulated traffic. `texts[run.first + i]` is text i of a source."""

    sources: Sources
    texts: Any  # an Arrow array of large strings
    runs: Mapping[str, Run]
    arrivals: Arrivals
    networks: pa.Table


def load_pool(sources: Sources = "all", prompts: Path | None = None) -> PromptPool:
    """Load the shipped pack, and with `prompts` the sets of that folder that may not be shipped.

    Raises:  InputError: the folder holds none of the known sets.
    """
    tables = [_half(_packed("prompts"), sources).select(["source", "text"])]
    if prompts is not None:
        tables += list(_more(prompts, sources))
    table = pa.concat_tables(tables)
    named: Any = table["source"].combine_chunks().dictionary_encode()
    order = np.argsort(named.indices.to_numpy(), kind="stable")
    sizes = np.bincount(named.indices.to_numpy())
    places = zip(named.dictionary.to_pylist(), np.cumsum(sizes) - sizes, sizes, strict=True)
    runs = {name: Run(int(first), int(size)) for name, first, size in places}
    texts: Any = table["text"].cast(pa.large_string()).combine_chunks().take(order)
    answers = runs["graded_answers"]
    drafts = pa.array(drafted(texts.slice(answers.first, answers.count).to_pylist()), pa.large_string())
    runs["graded_drafts"] = Run(len(texts), len(drafts))
    texts = pa.concat_arrays([texts, drafts])
    return PromptPool(sources, texts, runs, _arrivals(sources), _packed("networks"))


def half_of(key: str) -> Sources:
    """The half a text, template or client belongs to: a stable hash of its key."""
    return "A" if hashlib.blake2b(key.encode(), digest_size=1).digest()[0] & 1 == 0 else "B"


def _packed(name: str) -> pa.Table:
    with as_file(files("stillwatch.simulate") / "pack" / f"{name}.parquet") as path:
        return pq.ParquetFile(path).read()


def _half(table: pa.Table, sources: Sources) -> pa.Table:
    return table if sources == "all" else table.filter(np.array(table["split"].to_pylist()) == sources)


def _more(folder: Path, sources: Sources) -> Iterator[pa.Table]:
    found = [row for row in MORE if (folder / f"{row[0]}.parquet").is_file()]
    if not found:
        raise InputError(f"{folder}: none of {', '.join(row[0] for row in MORE)} is there as .parquet")
    for name, source in found:
        texts = dict.fromkeys(
            t[:TEXT_CHARACTERS] for t in pq.read_table(folder / f"{name}.parquet")["text"].to_pylist() if t
        )
        kept = [t for t in texts if sources in ("all", half_of(t))]
        yield pa.table({"source": pa.repeat(source, len(kept)), "text": pa.array(kept, pa.string())})


def _arrivals(sources: Sources) -> Arrivals:
    table = _half(_packed("arrivals"), sources)
    recorded = table["hourly"].to_pylist()
    lasting = np.flatnonzero([rate is not None for rate in recorded])
    hourly = np.frombuffer(b"".join(rate for rate in recorded if rate), np.uint8).reshape(len(lasting), -1)
    return Arrivals(
        category=np.array(table["category"].to_pylist()),
        per_day=table["per_day"].to_numpy().astype(np.float64),
        weibull=np.array(table["law"].to_pylist()) == "weibull",
        gap_shape=table["gap_shape"].to_numpy().astype(np.float64),
        lasting=lasting,
        hourly=hourly / 255.0,
    )
