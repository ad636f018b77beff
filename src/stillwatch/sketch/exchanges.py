"""A batch of exchanges without its text: the only place where prompts are looked at.

In: a batch of `tables.EXCHANGES`. Out: a batch of `tables.SKETCHED`, same rows in the same order.
"""

import ipaddress
import json
from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.schemas import arrow_schema
from stillwatch.sketch.texts import Projection, TextSketch, folded_hash64, hash64, sketch_texts
from stillwatch.tables import SKETCHED
from stillwatch.types import TARGETS, Target

_EXCERPT_CHARACTERS = 200
_SHORT, _REMEMBERED = 500, 20_000  # characters of a value, and values, that are remembered: at most 20 MB a function
_BETWEEN = "\x1f"  # what joins the names of tools: Unicode's unit separator
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_ELICITS, _JUDGES = len(TARGETS), len(TARGETS) + 1  # columns of the model behind those of the targets
_REASONING, _GRADING = TARGETS.index(Target.REASONING), TARGETS.index(Target.GRADING)
_TOPICS = [TARGETS.index(t) for t in (Target.INSTRUCTION_FOLLOWING, Target.KNOWLEDGE, Target.OTHER)]
_HASHES = ("task_hash", "head_hash", "tail_hash", "any_hash_0", "any_hash_1", "any_hash_2", "any_hash_3")
_COPIED = (
    "exchange_id",
    "account_id",
    "org_id",
    "ts",
    "model",
    "ip",
    "asn",
    "turn",
    "input_tokens",
    "output_tokens",
    "status",
)


def sketch(batch: pa.RecordBatch, projection: Projection) -> pa.RecordBatch:
    """Replace the text of a batch by its sketch."""
    prompt = sketch_texts(batch["prompt_text"], projection)
    columns: dict[str, pa.Array] = {name: batch[name] for name in _COPIED}
    columns |= {
        "exchange_key": pa.array(hash64(batch["exchange_id"])),
        "account_key": pa.array(hash64(batch["account_id"])),
        "second": pa.array(np.floor_divide(batch["ts"].cast(pa.int64()).to_numpy(zero_copy_only=False), 1_000_000)),
        "network": _networks(batch["ip"]),
        "country": pc.utf8_upper(batch["country"]),
        "client": _client(batch),
        "parameters": _of_distinct(batch["params"], canonical_parameters),
        "tool_schema": _tool_schema(batch),
        "system_hash": pa.array(folded_hash64(batch["system_text"])),
        "excerpt": pc.utf8_slice_codeunits(batch["prompt_text"], 0, _EXCERPT_CHARACTERS),
    }
    columns |= _text_columns(prompt)
    schema = arrow_schema(SKETCHED)
    return pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in schema], schema=schema)


def _text_columns(prompt: TextSketch) -> dict[str, pa.Array]:
    likeliest, fraction = likeliest_targets(prompt.scores)
    valid = prompt.valid
    return {
        **{name: pa.array(prompt.hashes[:, k]) for k, name in enumerate(_HASHES)},
        "has_text": pa.array(valid),
        "prompt_chars": pa.array(prompt.counts[:, 0], mask=~valid),
        "prompt_words": pa.array(prompt.counts[:, 1], mask=~valid),
        "target": pa.array(np.where(valid, likeliest, -1).astype(np.int8)),
        "target_fraction": pa.array(np.where(valid, fraction, 0).astype(np.float32)),
        "elicits_reasoning": pa.array(valid & (prompt.scores[:, _ELICITS] > 0)),
        "judges": pa.array(valid & (prompt.scores[:, _JUDGES] > 0)),
    }


def likeliest_targets(scores: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Give the target of each row of scores and how sure it is.

    Whoever asks for the thoughts behind an answer takes reasoning, whatever the question is about: that request
    decides over a target that only names a topic, and over grading when it speaks louder than the wish for a verdict.
    """
    likeliest, fraction = _softmax(scores[:, : len(TARGETS)])
    elicits, judges = scores[:, _ELICITS], scores[:, _JUDGES]
    topical = np.isin(likeliest, _TOPICS) | ((likeliest == _GRADING) & (elicits > judges))
    traced = (elicits > 0) & topical
    sure = (1 / (1 + np.exp(-np.clip(elicits, -30, 30)))).astype(np.float32)
    return np.where(traced, _REASONING, likeliest), np.where(traced, sure, fraction)


def _softmax(scores: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The likeliest column of each row and its probability."""
    best = scores.max(axis=1, initial=-np.inf, keepdims=True)
    return scores.argmax(axis=1), (1 / np.exp(scores - best).sum(axis=1)).astype(np.float32)


def network(address: str) -> str | None:
    """Give the IPv4 /24 or IPv6 /64 of an address; None for what is no address.

    >>> network("203.0.113.7"), network("2001:db8::1"), network("x")
    ('203.0.113.0/24', '2001:db8::/64', None)
    """
    try:
        parsed = ipaddress.ip_address(address.strip())
    except ValueError:
        return None
    plain = getattr(parsed, "ipv4_mapped", None) or parsed
    if plain.version == 4:
        return f"{ipaddress.IPv4Address(int(plain) >> 8 << 8)}/24"
    return f"{ipaddress.IPv6Address(int(plain) >> 64 << 64)}/64"


def canonical_parameters(text: str) -> str:
    """Sort the keys of a JSON object; text that is none stays as it is.

    >>> canonical_parameters('{"b": 1, "a": 2}')
    '{"a":2,"b":1}'
    """
    try:
        return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return text


@cache
def _remembering(function: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lru_cache(_REMEMBERED)(function)


def _of_distinct(column: pa.Array, function: Callable[[str], str | None]) -> pa.Array:
    """Apply a function to each distinct value once; short ones, which come back batch after batch, are remembered."""
    coded = column.dictionary_encode()
    remembered = _remembering(function)
    values = [(remembered if len(v) <= _SHORT else function)(v) for v in coded.dictionary.to_pylist()]
    return pa.array(values, pa.string()).take(coded.indices)


def _networks(addresses: pa.Array) -> pa.Array:
    """Networks of addresses; the usual way of writing IPv4 is cut by Arrow, twenty times as fast."""
    dotted = pc.match_substring_regex(addresses, f"^{_OCTET}([.]{_OCTET}){{3}}$")
    cut = pc.replace_substring_regex(addresses, "[0-9]+$", "0/24")
    return pc.if_else(dotted, cut, _of_distinct(pc.if_else(dotted, None, addresses), network))


def _client(batch: pa.RecordBatch) -> pa.Array:
    """Join what is known of the client. (Arrow's own join with skipped nulls loses rows in which all are null.)"""
    joined = pc.fill_null(batch["user_agent"], "")
    for name in ("tls_fingerprint", "header_order"):
        part = pc.fill_null(batch[name], "")
        both = pc.binary_join_element_wise(joined, part, " | ")
        joined = pc.if_else(pc.equal(part, ""), joined, pc.if_else(pc.equal(joined, ""), part, both))
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)


def _tool_schema(batch: pa.RecordBatch) -> pa.Array:
    """The hash of the tool schema where there is one, else the sorted names of the tools."""
    listed = batch["tools"]
    if listed.null_count == len(listed):
        return batch["tools_hash"]
    whole = listed.flatten()
    plain = not whole.null_count and not pc.any(pc.match_substring(whole, _BETWEEN)).as_py()
    names = _of_distinct(pc.binary_join(listed, _BETWEEN), _sorted_names) if plain else _one_by_one(listed)
    return pc.coalesce(batch["tools_hash"], names)


def _sorted_names(joined: str) -> str | None:
    return ",".join(sorted(name for name in joined.split(_BETWEEN) if name)) or None


def _one_by_one(listed: pa.Array) -> pa.Array:
    names = [",".join(sorted(n for n in tools if n)) or None if tools else None for tools in listed.to_pylist()]
    return pa.array(names, pa.string())
