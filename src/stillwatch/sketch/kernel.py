"""The hot loop over text, compiled: bytes of UTF-8 to words, hashes, shingles and scores of a linear model.

In: Arrow's string buffer. Out: arrays of one row a text. Two passes in cache: `_words` turns one text into word hashes,
the others read those. Invalid UTF-8 separates words and is never read past the end. Hashing: multiply-xorshift with
the finaliser of splitmix64 (Steele, Lea & Flood 2014); the constants are part of the format, see `VERSION`.
"""

# Compiled functions are typed by the values they are called with, and take plain arrays instead of a type.
# mypy: disable-error-code="no-untyped-def,operator"

from importlib.resources import files
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

VERSION = 2
FEATURE_BITS = 16
FEATURE_BUCKETS = 2**FEATURE_BITS  # rows of the model for words and pairs of words
SHAPE_BUCKETS = 64  # rows of the model for the shape of a text
HEADS = 16  # scores a text gets
MODEL_WORDS = 4096  # words of one text that are scored
MODEL_EDGE_WORDS = 16  # words at the head and at the tail that are scored once more, as first and last words
EDGE_WORDS = 6  # words at the head and at the tail that make a scaffold hash
SHINGLE_WORDS = 5
FEWEST_EDGE_WORDS = 2 * EDGE_WORDS  # shorter texts have no head or tail
SLOTS = 4  # shingles kept "anywhere"
SHAPES = 10  # shape features of a text
WORD_WEIGHT = 0.12  # of each of n rows of words and pairs, times n ** -0.5: a long payload does not drown the request
EDGE_WEIGHT = 1 / 16  # of each row of a first or last word
SHAPE_WEIGHT = 1 / SHAPES  # of each row of shape

_K1 = np.uint64(0x9E3779B97F4A7C15)
_K2 = np.uint64(0xBF58476D1CE4E5B9)
_K3 = np.uint64(0x94D049BB133111EB)
_SEED = np.uint64(0x243F6A8885A308D3)
_ZERO = np.uint64(0)
_LARGEST = ~_ZERO
_K1_TO_4 = np.uint64(pow(0x9E3779B97F4A7C15, SHINGLE_WORDS - 1, 2**64))
_LANES = np.uint64(0x00FF00FF00FF00FF)
_LANE = np.uint64(0xFFFF)
_TO_ROW = np.uint64(64 - FEATURE_BITS)
_HEAD, _TAIL = _K1, _K2  # what tells the row of a first or last word from that of the word
_FOLDED_DIGIT = np.uint64(48)
_SEPARATOR, _LETTER, _DIGIT, _ALONE = 0, 1, 2, 3
_ASCII_LETTERS = np.array([c | 32 if chr(c).isalpha() and c < 128 else 0 for c in range(256)], np.uint8)
_CODE_PUNCTUATION = np.zeros(128, np.uint8)
_CODE_PUNCTUATION[[ord(c) for c in "{}();=<>[]_`\\|&"]] = 1


def _jit(function: Any) -> Any:
    """Compile at the first call and keep the result on disk; where no folder can be written, compile in every run."""
    options = {"nogil": True, "boundscheck": False, "error_model": "numpy"}
    try:
        return nb.njit(cache=True, **options)(function)
    except RuntimeError:
        return nb.njit(**options)(function)


def characters() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
    """Load the frozen character table: kind and lower case of every code below 65,536."""
    with files(__package__).joinpath("characters.npz").open("rb") as file, np.load(file) as table:
        return table["kinds"], table["lowered"]


def packed(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.uint64]:
    """Raise weights [rows, HEADS] by 128 and put eight into one word, the first in the lowest byte."""
    raised = (weights.astype(np.int16) + 128).astype("<u1")
    return np.ascontiguousarray(raised).view("<u8")


@_jit
def _mix(h):
    h = (h ^ (h >> np.uint64(30))) * _K2
    h = (h ^ (h >> np.uint64(27))) * _K3
    return h ^ (h >> np.uint64(31))


@_jit
def _room(offsets):
    """Most words the longest text can have: a word takes two bytes with what ends it, but the last one."""
    longest = 0
    for k in range(len(offsets) - 1):
        longest = max(longest, offsets[k + 1] - offsets[k])
    return longest // 2 + 2


@_jit
def _decode(raw, at, stop):
    """Code point at a non-ASCII byte, and where the next character begins; 0 for an invalid byte."""
    first = raw[at]
    size = 2 if 0xC2 <= first < 0xE0 else 3 if 0xE0 <= first < 0xF0 else 4 if 0xF0 <= first < 0xF5 else 0
    if size == 0 or at + size > stop:
        return 0, at + 1
    code = np.int64(first) & (0xFF >> (size + 1))
    for k in range(1, size):
        byte = raw[at + k]
        if byte & 0xC0 != 0x80:
            return 0, at + k
        code = (code << 6) | (np.int64(byte) & 0x3F)
    shortest = 0x80 if size == 2 else 0x800 if size == 3 else 0x10000
    return (code if code >= shortest else 0), at + size


@_jit
def _words(raw, start, stop, kinds, lowered, folded, exact, shape):
    """Fill the word hashes of one text, digits folded and exact, and its shape counts; give the number of words.

    shape: characters, digits, punctuation, newlines, non-ASCII, code punctuation, question marks, upper case.
    The exact hash of a word is the folded one mixed with a hash of its digits.
    """
    shape[:] = 0
    count, at, upper, chars = 0, start, 0, 0
    h, digits = _SEED, _ZERO
    while at < stop:
        byte = raw[np.uint64(at)]
        if byte < 128:
            low = _ASCII_LETTERS[byte]
            if low:
                run = at
                while low:
                    upper += low != byte
                    h = (h ^ np.uint64(low)) * _K1
                    at += 1
                    if at == stop:
                        break
                    byte = raw[np.uint64(at)]  # unsigned: no check for places counted from the end
                    low = _ASCII_LETTERS[byte]
                chars += at - run
                if at < stop and byte == 32:  # most words end in a space: no need to look it up
                    count = _emit(h, digits, count, folded, exact)
                    h, digits, chars, at = _SEED, _ZERO, chars + 1, at + 1
                continue
            code, at = np.int64(byte), at + 1
        else:
            code, at = _decode(raw, at, stop)
            shape[4] += 1
        chars += 1
        kind = np.int64(kinds[code]) if code < 0x10000 else (_ALONE if 0x20000 <= code < 0x32000 else _SEPARATOR)
        low = np.uint64(lowered[code]) if code < 0x10000 else np.uint64(code)
        if kind == _LETTER:
            h = (h ^ low) * _K1
        elif kind == _DIGIT:
            shape[1] += 1
            h, digits = (h ^ _FOLDED_DIGIT) * _K1, (digits ^ low) * _K2
        else:
            if h != _SEED:
                count = _emit(h, digits, count, folded, exact)
                h, digits = _SEED, _ZERO
            if kind == _ALONE:
                count = _emit((_SEED ^ low) * _K1, _ZERO, count, folded, exact)
            else:
                _punctuation(code, shape)
    shape[0], shape[7] = chars, upper
    return _emit(h, digits, count, folded, exact) if h != _SEED else count


@_jit
def _emit(h, digits, count, folded, exact):
    """Store one word while there is room."""
    if count == folded.size:
        return count
    place, mixed = np.uint64(count), _mix(h)
    folded[place] = mixed
    exact[place] = mixed if digits == _ZERO else mixed ^ _mix(digits)
    return count + 1


@_jit
def _punctuation(code, shape):
    if code == 10:
        shape[3] += 1
    elif code > 32:
        shape[2] += 1
        if code < 128:
            shape[5] += _CODE_PUNCTUATION[code]
        shape[6] += code in (63, 0xFF1F, 0x061F)


@_jit
def _chain(words, low, high):
    """Order-sensitive hash of words[low:high], never 0."""
    h = _SEED
    for k in range(low, high):
        h = (h ^ words[k]) * _K1
        h ^= h >> np.uint64(29)
    return _mix(h) | np.uint64(1)


@_jit
def _anywhere(folded, count, slots):
    """Smallest shingle hash in each slot: one-permutation MinHash (Li, Owen & Zhang 2012); 0 where a slot is empty.

    A shingle of words a, b, c, d, e hashes as a K^4 + b K^3 + c K^2 + d K + e modulo 2^64, rolled from word to word.
    """
    slots[:] = _LARGEST
    rolled = _ZERO
    for k in range(min(count, SHINGLE_WORDS - 1)):
        rolled = rolled * _K1 + folded[k]
    for k in range(SHINGLE_WORDS - 1, count):
        rolled = rolled * _K1 + folded[k]
        h = _mix(rolled) | np.uint64(1)
        slot = (h >> np.uint64(1)) & np.uint64(SLOTS - 1)
        slots[slot] = min(h, slots[slot])
        rolled -= folded[k - (SHINGLE_WORDS - 1)] * _K1_TO_4
    for slot in range(SLOTS):
        if slots[slot] == _LARGEST:
            slots[slot] = _ZERO


@_jit
def _shape_rows(shape, count, ends_asking, rows):
    """Rows of the model for the shape of a text: ten features of up to six classes each."""
    chars = max(shape[0], 1)
    rows[0] = min(np.int64(np.log2(count + 1.0)) // 2, 5)
    rows[1] = 6 + min(np.int64(chars / max(count, 1) // 2), 5)
    rows[2] = 12 + min(np.int64(20.0 * shape[1] / chars), 5)
    rows[3] = 18 + min(np.int64(25.0 * shape[2] / chars), 5)
    rows[4] = 24 + min(np.int64(60.0 * shape[3] / chars), 5)
    rows[5] = 30 + min(np.int64(6.0 * shape[4] / chars), 5)
    rows[6] = 36 + min(np.int64(40.0 * shape[5] / chars), 5)
    rows[7] = 42 + min(shape[6], 5)
    rows[8] = 48 + min(np.int64(20.0 * shape[7] / chars), 5)
    rows[9] = 54 + ends_asking


@_jit
def _features(folded, count, out):
    """Rows of the model for words and pairs of words; give how many."""
    used = min(count, MODEL_WORDS)
    n = 0
    for k in range(used):
        out[n] = np.int32(folded[k] >> _TO_ROW)
        n += 1
        if k:
            out[n] = np.int32(_mix(folded[k - 1] * _K1 + folded[k]) >> _TO_ROW)
            n += 1
    return n


@_jit
def _edges(folded, count, out):
    """Rows of the model for the first and the last words, which say what is asked; give how many."""
    used = min(count, MODEL_EDGE_WORDS)
    for k in range(used):
        out[k] = np.int32(_mix(folded[k] + _HEAD) >> _TO_ROW)
        out[used + k] = np.int32(_mix(folded[count - used + k] + _TAIL) >> _TO_ROW)
    return 2 * used


@_jit
def _score(rows, n, offset, weights, total, scores, factor):
    """Add factor times the sum of the model's rows to the scores.

    weights: uint64 [rows, 2], sixteen weights of 8 bits raised by 128. Even and odd bytes are summed in lanes of 16
    bits, 256 rows at a time: four additions instead of sixteen. total: room for the sums, [HEADS].
    """
    total[:] = 0
    for begin in range(0, n, 256):
        even_0 = odd_0 = even_1 = odd_1 = _ZERO
        end = min(begin + 256, n)
        for k in range(begin, end):
            row = np.uint64(rows[k] + offset)  # unsigned: no check for places counted from the end
            first, second = weights[row, 0], weights[row, 1]
            even_0, odd_0 = even_0 + (first & _LANES), odd_0 + ((first >> np.uint64(8)) & _LANES)
            even_1, odd_1 = even_1 + (second & _LANES), odd_1 + ((second >> np.uint64(8)) & _LANES)
        for lane in range(4):
            shift = np.uint64(16 * lane)
            total[2 * lane] += np.int64((even_0 >> shift) & _LANE)
            total[2 * lane + 1] += np.int64((odd_0 >> shift) & _LANE)
            total[8 + 2 * lane] += np.int64((even_1 >> shift) & _LANE)
            total[9 + 2 * lane] += np.int64((odd_1 >> shift) & _LANE)
    for head in range(HEADS):
        scores[head] += factor * (total[head] - 128 * n)


@_jit
def sketch_rows(raw, offsets, valid, kinds, lowered, weights, scale, hashes, counts, scores):
    """Sketch every valid text: hashes [n, 7] (task, head, tail, slots), counts [n, 2] (characters, words), scores."""
    room = _room(offsets)
    folded, exact = np.empty(room, np.uint64), np.empty(room, np.uint64)
    rows, shape_rows = np.empty(2 * MODEL_WORDS, np.int32), np.empty(SHAPES, np.int64)
    shape, total = np.zeros(8, np.int64), np.zeros(HEADS, np.int64)
    for k in range(len(valid)):
        if not valid[k]:
            continue
        start, stop = offsets[k], offsets[k + 1]
        count = _words(raw, start, stop, kinds, lowered, folded, exact, shape)
        counts[k, 0], counts[k, 1] = shape[0], count
        hashes[k, 0] = _chain(exact, 0, count) if count else _ZERO
        if count >= FEWEST_EDGE_WORDS:
            hashes[k, 1], hashes[k, 2] = _chain(folded, 0, EDGE_WORDS), _chain(folded, count - EDGE_WORDS, count)
        _anywhere(folded, count, hashes[k, 3:])
        n = _features(folded, count, rows)
        _score(rows, n, 0, weights, total, scores[k], scale * WORD_WEIGHT / np.sqrt(max(n, 1)))
        _score(rows, _edges(folded, count, rows), 0, weights, total, scores[k], scale * EDGE_WEIGHT)
        _shape_rows(shape, count, stop > start and raw[stop - 1] == 63, shape_rows)
        _score(shape_rows, SHAPES, FEATURE_BUCKETS, weights, total, scores[k], scale * SHAPE_WEIGHT)


@_jit
def scaffold_rows(raw, offsets, valid, kinds, lowered, hashes):
    """Fill hashes [n, 6] (head, tail, slots) of every valid text as `sketch_rows` does, and score nothing."""
    room = _room(offsets)
    folded, exact, shape = np.empty(room, np.uint64), np.empty(room, np.uint64), np.zeros(8, np.int64)
    for k in range(len(valid)):
        if not valid[k]:
            continue
        count = _words(raw, offsets[k], offsets[k + 1], kinds, lowered, folded, exact, shape)
        if count >= FEWEST_EDGE_WORDS:
            hashes[k, 0], hashes[k, 1] = _chain(folded, 0, EDGE_WORDS), _chain(folded, count - EDGE_WORDS, count)
        _anywhere(folded, count, hashes[k, 2:])


@_jit
def feature_rows_of(raw, offsets, valid, kinds, lowered, indptr, indices, values):
    """List the model rows of every text and what each weighs: words, edges, shape; with no room, only count them."""
    room = _room(offsets)
    folded, exact = np.empty(room, np.uint64), np.empty(room, np.uint64)
    rows, edges = np.empty(2 * MODEL_WORDS, np.int32), np.empty(2 * MODEL_EDGE_WORDS, np.int32)
    shape_rows, shape = np.empty(SHAPES, np.int64), np.zeros(8, np.int64)
    for k in range(len(valid)):
        start, stop = offsets[k], offsets[k + 1]
        count = _words(raw, start, stop, kinds, lowered, folded, exact, shape) if valid[k] else 0
        n, m = _features(folded, count, rows), _edges(folded, count, edges)
        first = indptr[k]
        indptr[k + 1] = first + n + m + SHAPES
        if indices.size:
            _shape_rows(shape, count, valid[k] and stop > start and raw[stop - 1] == 63, shape_rows)
            indices[first : first + n], values[first : first + n] = rows[:n], WORD_WEIGHT / np.sqrt(max(n, 1))
            indices[first + n : first + n + m], values[first + n : first + n + m] = edges[:m], EDGE_WEIGHT
            indices[first + n + m : indptr[k + 1]] = shape_rows + FEATURE_BUCKETS
            values[first + n + m : indptr[k + 1]] = SHAPE_WEIGHT


@_jit
def hash_strings(raw, offsets, valid, out):
    """Hash the bytes of every valid, non-empty string to 64 bits, never 0."""
    for k in range(len(valid)):
        if valid[k] and offsets[k + 1] > offsets[k]:
            h = _SEED ^ np.uint64(offsets[k + 1] - offsets[k])
            for at in range(offsets[k], offsets[k + 1]):
                h = (h ^ np.uint64(raw[at])) * _K1
                h ^= h >> np.uint64(32)
            h = _mix(h)
            out[k] = h if h != _ZERO else _K1


@_jit
def folded_hashes(raw, offsets, valid, kinds, lowered, out):
    """Hash the words of every valid text, digits folded; 0 for a text without words."""
    room = _room(offsets)
    folded, exact, shape = np.empty(room, np.uint64), np.empty(room, np.uint64), np.zeros(8, np.int64)
    for k in range(len(valid)):
        if valid[k]:
            count = _words(raw, offsets[k], offsets[k + 1], kinds, lowered, folded, exact, shape)
            out[k] = _chain(folded, 0, count) if count else _ZERO


@_jit
def signatures(raw, offsets, valid, kinds, lowered, out):
    """MinHash of the distinct shingles of every valid text, one permutation a column of `out` [n, slots]."""
    room = _room(offsets)
    folded, exact, shape = np.empty(room, np.uint64), np.empty(room, np.uint64), np.zeros(8, np.int64)
    for k in range(len(valid)):
        count = _words(raw, offsets[k], offsets[k + 1], kinds, lowered, folded, exact, shape) if valid[k] else 0
        for first in range(max(count - SHINGLE_WORDS + 1, 0)):
            h = _chain(folded, first, first + SHINGLE_WORDS)
            for slot in range(out.shape[1]):
                value = np.uint32(_mix(h ^ (np.uint64(slot + 1) * _K2)) >> np.uint64(32))
                out[k, slot] = min(out[k, slot], value)
