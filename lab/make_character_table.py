"""Write the character table of the sketch kernel: one fixed version of Unicode for every Python.

Run once with the Python whose `unicodedata` is to be frozen; the result is shipped. Prints the Unicode version.
"""

import unicodedata
from pathlib import Path

import numpy as np

SEPARATOR, LETTER, DIGIT, ALONE = 0, 1, 2, 3
# scripts written without spaces: each character counts as a word of its own
ALONE_RANGES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # CJK extension A
    (0x4E00, 0x9FFF),  # CJK
    (0xAC00, 0xD7AF),  # Hangul syllables
    (0xF900, 0xFAFF),  # CJK compatibility
)


def kind(code: int) -> int:
    category = unicodedata.category(chr(code))
    if category == "Nd":
        return DIGIT
    if category[0] not in "LM" and category not in ("Nl", "No"):
        return SEPARATOR
    return ALONE if any(low <= code <= high for low, high in ALONE_RANGES) else LETTER


def lower(code: int) -> int:
    folded = chr(code).lower()
    return ord(folded) if len(folded) == 1 and ord(folded) < 0x10000 else code


def main() -> None:
    codes = range(0x10000)
    kinds = np.array([0 if 0xD800 <= c < 0xE000 else kind(c) for c in codes], np.uint8)
    lowered = np.array([0 if 0xD800 <= c < 0xE000 else lower(c) for c in codes], np.uint16)
    path = Path(__file__).parent.parent / "src/stillwatch/sketch/characters.npz"
    np.savez_compressed(path, kinds=kinds, lowered=lowered)
    print(f"Unicode {unicodedata.unidata_version}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
