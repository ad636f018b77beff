"""The one door through which anything reaches the page.

In: element names and attributes of ours, and text of anybody's. Out: `Markup`. What is not `Markup` is text: unseen
characters are spelled out, then `& < > " '` are escaped, in content and in attributes alike. No other file makes a
`Markup` (a test reads the tree), so no other file can forget to escape.
"""

import html
import math
from collections.abc import Iterable
from importlib import resources

from stillwatch.report.clean import visible

_SECTIONS = frozenset({"html", "head", "title", "body", "header", "main", "section", "article", "footer", "nav", "div"})
_WORDS = frozenset({"h1", "h2", "h3", "h4", "p", "span", "strong", "em", "code", "small", "time", "a", "sup"})
_LISTS = frozenset({"ul", "ol", "li", "dl", "dt", "dd", "figure", "figcaption", "details", "summary", "blockquote"})
_TABLES = frozenset({"table", "caption", "thead", "tbody", "tr", "th", "td"})
_DRAWINGS = frozenset({"svg", "g", "rect", "line", "path", "circle", "text"})
_ALLOWED = _SECTIONS | _WORDS | _LISTS | _TABLES | _DRAWINGS

_LONGEST = 4_000  # cells of one text; sections cut much earlier
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


class Markup(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """Make one element; children that are not `Markup` are escaped, attributes that are None are left out.

    Attribute names: a trailing underscore goes, other underscores become hyphens.
    Raises:  ValueError: the element is not among those this page uses, scripts and images included.
    """
    if name not in _ALLOWED:
        raise ValueError(f"element {name!r} does not belong on the page")
    opened = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    return Markup(f"<{name}{opened}>{''.join(map(_escaped, children))}</{name}>")


def together(parts: Iterable[str]) -> Markup:
    """Put parts one after the other, escaping those that are not `Markup`."""
    return Markup("".join(map(_escaped, parts)))


def document(title: str, *body: Markup) -> Markup:
    """Make the whole page: self-contained, and forbidden by its own policy to load or run anything."""
    style = resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{_escaped(title)}</title><style>{style}</style>"
    )
    return Markup(f'<!doctype html>\n<html lang="en"><head>{head}</head>{element("body", *body)}</html>\n')


def _attribute(name: str, value: str | float) -> str:
    shown = value if isinstance(value, str) else _number(value)
    return f' {name.rstrip("_").replace("_", "-")}="{_escaped(shown)}"'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if math.isfinite(value) else "0"


def _escaped(text: str) -> str:
    return text if isinstance(text, Markup) else html.escape(visible(text, _LONGEST), quote=True)
