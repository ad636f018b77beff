"""Strings of strangers made safe to look at: nothing hidden, nothing that moves a cursor, nothing endless.

In: any string that came from a log. Out: the same words with controls, bidi marks, invisible characters and lone
surrogates spelled out. Escaping for HTML is not here but in `page.markup`, escaping for spreadsheets in `spreadsheet`.
"""

import unicodedata

_SPELLED_OUT = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols that draw nothing
_MARKS_IN_A_ROW = 4  # more than any script needs; more than this is meant to overprint other lines
_WIDE = frozenset("WF")


def visible(text: str, limit: int = 1000) -> str:
    r"""Spell out what cannot be seen and cut after `limit` terminal cells, an ellipsis marking the cut.

    A line break becomes an arrow, any space a plain one (unbreakable ones stay), other unseen characters `\u{hex}`.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    widths: list[int] = []
    cells = marks = 0
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks > _MARKS_IN_A_ROW:
            continue
        shown.append(_piece(character, category))
        widths.append(0 if marks else sum(2 if unicodedata.east_asian_width(c) in _WIDE else 1 for c in shown[-1]))
        cells += widths[-1]
        if cells > limit or position > 8 * limit:
            return _cut(shown, widths, limit)
    return "".join(shown)


def storable(text: str) -> str:
    """Keep a string as it was read, but for lone surrogates, which no UTF-8 file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8") if any("\ud800" <= c <= "\udfff" for c in text) else text


def _piece(character: str, category: str) -> str:
    if category in _SPELLED_OUT or character in _BLANK_LETTERS:
        return {"\n": "↵", "\t": " "}.get(character, f"\\u{{{ord(character):x}}}")
    return " " if category == "Zs" and character != "\u00a0" else character


def _cut(shown: list[str], widths: list[int], limit: int) -> str:
    cells = sum(widths)
    while shown and cells > limit - 1:
        cells -= widths.pop()
        shown.pop()
    return "".join(shown) + "…"
