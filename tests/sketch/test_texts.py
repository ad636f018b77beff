import os
import subprocess
import sys
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sketch import (
    FEATURE_BUCKETS,
    HEADS,
    SHAPE_BUCKETS,
    Projection,
    feature_rows,
    folded_hash64,
    hash64,
    jaccard,
    merge,
    signature,
)
from stillwatch.sketch.kernel import characters
from stillwatch.sketch.texts import sketch_texts

ROWS = FEATURE_BUCKETS + SHAPE_BUCKETS
ZERO = Projection(np.zeros((ROWS, HEADS), np.int8), 1.0, np.zeros(HEADS, np.float32))
SCAFFOLD = "You are a careful teacher who writes out every step of the reasoning before the answer to this question"
PAYLOADS = [
    "how many apples are left in the basket",
    "which train reaches the harbour city first",
    "what does the gardener owe the baker",
]


def hashes(*texts: str | None) -> np.ndarray:
    return sketch_texts(pa.array(texts, pa.string()), ZERO).hashes


def words(text: str) -> int:
    """Reference: maximal runs of letters, marks and digits; characters of unspaced scripts stand alone."""
    kinds, _ = characters()
    count, inside = 0, False
    for character in text:
        code = ord(character)
        kind = kinds[code] if code < 0x10000 else (3 if 0x20000 <= code < 0x32000 else 0)
        count += (kind in (1, 2) and not inside) + (kind == 3)
        inside = kind in (1, 2)
    return count


def test_sketches_are_fixed_for_ever() -> None:
    text = "Solve 17 + 4 step by step and then explain the result to a child in five words"
    assert hashes(text).tolist() == GOLDEN_HASHES
    assert hash64(pa.array(["acct-1", "", None])).tolist() == GOLDEN_KEYS


def test_another_process_gives_the_same_sketch() -> None:
    code = (
        "import pyarrow as pa; from stillwatch.sketch import hash64, feature_rows;"
        "a = pa.array(['Zwölf Boxkämpfer 12', '今天天气很好']);"
        "print(hash64(a).tolist(), feature_rows(a)[1].tolist())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    array = pa.array(["Zwölf Boxkämpfer 12", "今天天气很好"])
    expected = f"{hash64(array).tolist()} {feature_rows(array)[1].tolist()}\n".encode()
    assert runs == {expected}


def test_digits_are_folded_in_scaffolds_and_kept_in_tasks() -> None:
    first, second = hashes(f"{SCAFFOLD}: add 12 and 34", f"{SCAFFOLD}: add 56 and 78")
    assert first[0] != second[0]
    assert (first[1:] == second[1:]).all()


def test_case_and_punctuation_do_not_change_a_task() -> None:
    first, second = hashes("Hello, WORLD! How are you?", "hello world how are you")
    assert first[0] == second[0]


def test_a_head_scaffold_survives_a_new_payload() -> None:
    rows = hashes(*(f"{SCAFFOLD}: {payload}" for payload in PAYLOADS))
    assert len(set(rows[:, 1])) == 1
    assert len(set(rows[:, 0])) == len(set(rows[:, 2])) == 3


def test_a_tail_scaffold_survives_a_new_payload() -> None:
    rows = hashes(*(f"{payload}. {SCAFFOLD}" for payload in PAYLOADS))
    assert len(set(rows[:, 2])) == 1
    assert len(set(rows[:, 1])) == 3


def test_a_scaffold_anywhere_survives_in_its_share_of_slots() -> None:
    rng = np.random.default_rng(11)
    nouns = [f"{chr(97 + i % 26)}{chr(97 + i // 26)}x" for i in range(400)]
    shares = []
    for _ in range(30):
        scaffold = rng.choice(nouns, 18).tolist()
        texts = [" ".join([*rng.choice(nouns, 8), *scaffold, *rng.choice(nouns, 8)]) for _ in range(60)]
        shares += [np.unique(column, return_counts=True)[1].max() / 60 for column in hashes(*texts)[:, 3:].T]
    assert np.mean(shares) == pytest.approx((18 - 4) / (34 - 4), abs=0.1)


def test_different_prompts_share_no_hash() -> None:
    rows = hashes(*PAYLOADS).ravel()
    kept = rows[rows != 0]
    assert len(set(kept.tolist())) == len(kept)


@pytest.mark.parametrize("text", ["", None, "   \n", "!!!"])
def test_a_text_without_words_has_no_hash(text: str | None) -> None:
    assert hashes(text).tolist() == [[0] * 7]


def test_scripts_without_spaces_have_words() -> None:
    texts = ["今天天气很好我们去公园", "สวัสดีครับวันนี้", "こんにちは世界", "안녕하세요 세계", "مرحبا بالعالم اليوم"]
    counted = sketch_texts(pa.array(texts), ZERO).counts[:, 1].tolist()
    assert counted == [words(text) for text in texts]
    assert counted[0] == 11


@given(st.lists(st.text(max_size=200), min_size=1, max_size=5))
def test_words_and_characters_are_those_of_the_reference(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    counts = sketch_texts(pa.array(texts, pa.string()), ZERO).counts
    assert counts.tolist() == [[len(text), words(text)] for text in texts]


@given(st.lists(st.binary(max_size=80), min_size=1, max_size=6))
def test_any_bytes_are_survived(blobs: list[bytes]) -> None:
    texts = pa.array(blobs, pa.binary())
    first, second = sketch_texts(texts, ZERO), sketch_texts(texts, ZERO)
    assert (first.hashes == second.hashes).all()
    assert (first.counts >= 0).all()


def test_slices_shards_and_order_do_not_matter() -> None:
    texts = [f"{SCAFFOLD} number {i} of {p}" for i, p in enumerate(PAYLOADS * 5)] + [None, ""]
    array = pa.array(texts)
    whole = sketch_texts(array, ZERO).hashes
    assert (sketch_texts(array.slice(3, 7), ZERO).hashes == whole[3:10]).all()
    assert (sketch_texts(array.take(pa.array(range(len(texts) - 1, -1, -1))), ZERO).hashes == whole[::-1]).all()
    assert (sketch_texts(array.cast(pa.large_string()), ZERO).hashes == whole).all()


def test_a_long_text_is_hashed_to_its_end() -> None:
    long = "word " * 300_000
    first, second = hashes(long + "alpha", long + "omega")
    assert first[0] != second[0]


def test_a_text_of_ten_megabytes_is_hashed_to_its_end() -> None:
    long = "a " * 5_000_000
    found = sketch_texts(pa.array([f"{long}alpha", f"{long}omega"]), ZERO)
    assert found.hashes[0, 0] != found.hashes[1, 0]
    assert found.hashes[0, 2] != found.hashes[1, 2]
    assert found.counts[:, 1].tolist() == [5_000_001] * 2


def test_invalid_and_overlong_bytes_separate_words() -> None:
    blobs = [
        b"one\xfftwo",
        b"one\xe4\xb8two",
        b"one\xc1\x81two",
        b"one\xe0\x81\x81two",
        b"one\xed\xa0\x80two",
        b"one two",
    ]
    found = sketch_texts(pa.array(blobs, pa.binary()), ZERO)
    assert set(found.counts[:, 1].tolist()) == {2}
    assert len(set(found.hashes[:, 0].tolist())) == 1


def test_scores_are_those_of_the_listed_features() -> None:
    rng = np.random.default_rng(3)
    weights = rng.integers(-128, 128, (ROWS, HEADS)).astype(np.int8)
    projection = Projection(weights, 0.25, rng.normal(size=HEADS).astype(np.float32))
    texts = pa.array([f"{SCAFFOLD} {PAYLOADS[0]}?", "def f(x): return {x: 1}", "今天", None, "x " * 2_000])
    indptr, indices, values = feature_rows(texts)
    for row, score in enumerate(sketch_texts(texts, projection).scores[:3]):
        own = slice(indptr[row], indptr[row + 1])
        expected = projection.bias + 0.25 * (values[own, None] * weights[indices[own]]).sum(axis=0)
        assert score == pytest.approx(expected, rel=1e-4)


def test_signatures_estimate_jaccard() -> None:
    rng = np.random.default_rng(5)
    vocabulary = [f"w{unicodedata.normalize('NFC', chr(97 + i % 26))}{chr(97 + i // 26)}" for i in range(300)]
    left = rng.choice(vocabulary, 400).tolist()
    right = left[:250] + rng.choice(vocabulary, 150).tolist()
    shingles = [{tuple(t[i : i + 5]) for i in range(len(t) - 4)} for t in (left, right)]
    exact = len(shingles[0] & shingles[1]) / len(shingles[0] | shingles[1])
    a, b = signature(pa.array([" ".join(left), " ".join(right)]), 512)
    assert jaccard(a, b) == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 512))


def test_signatures_merge_like_sets() -> None:
    a, b, c = signature(pa.array([f"{SCAFFOLD} {p}" for p in PAYLOADS]))
    assert (merge(a, b) == merge(b, a)).all()
    assert (merge(merge(a, b), c) == merge(a, merge(b, c))).all()
    assert (merge(a, a) == a).all()
    with pytest.raises(ValueError, match="slots"):
        merge(a, b[:32])
    with pytest.raises(ValueError, match="slots"):
        jaccard(a, b[:32])


def test_repeated_system_prompts_get_one_hash_with_digits_folded() -> None:
    found = folded_hash64(pa.array(["You are bot 7", "you are bot 9", None, "", "Another"]))
    assert found[0] == found[1] != found[4]
    assert found[2] == found[3] == 0


def test_keys_do_not_collide() -> None:
    keys = hash64(pa.array([f"acct-{i:06x}" for i in range(200_000)]))
    assert len(np.unique(keys)) == 200_000
    bits = np.unpackbits(np.ascontiguousarray(keys).view(np.uint8)).reshape(-1, 64)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.01


GOLDEN_HASHES = [
    [
        6375944424626723957,
        5483631079451914685,
        2075900072693518979,
        277376564329839777,
        -8633738313954434765,
        320426408177202165,
        -7801684580063699369,
    ]
]
GOLDEN_KEYS = [2365732141060028386, 0, 0]
