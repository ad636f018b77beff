"""Small pieces that every section of the page uses: tables, tags, drawings with their words.

In: text and numbers. Out: `Markup`.
"""

from collections.abc import Container, Iterable, Sequence

from stillwatch.report import words
from stillwatch.report.page.markup import Markup, element, together
from stillwatch.types import Verdict


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Container[int] = ()) -> Markup:
    """Make a table with a caption; `numbers` are the columns set flush right."""
    head = element("tr", *(_cell("th", h, i in numbers, scope="col") for i, h in enumerate(heads)))
    body = together(element("tr", *(_cell("td", c, i in numbers) for i, c in enumerate(row))) for row in rows)
    made = element("table", element("caption", caption), element("thead", head), element("tbody", body))
    return element("div", made, class_="scroll", tabindex="0", role="region", aria_label=caption)


def verdict_tag(verdict: Verdict) -> Markup:
    """Make the coloured tag of a verdict."""
    return element("span", words.VERDICT_NAMES[verdict], class_=f"tag {verdict.value}")


def drawing(width: float, height: float, label: str, *shapes: Markup) -> Markup:
    """Make an SVG drawing with a sentence for those who do not see it; the sentence never holds text of a log."""
    return element("svg", *shapes, viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=label)


def label(x: float, y: float, text: str, class_: str = "") -> Markup:
    """Write text into a drawing."""
    return element("text", text, x=x, y=y, class_=class_ or None)


def note(text: str) -> Markup:
    """Make a small remark, such as what was left out."""
    return element("p", text, class_="note")


def left_out(shown: int, total: int, noun: str, where: str) -> Markup:
    """Say how many were left out and where they are; nothing when none were."""
    if total <= shown:
        return together(())
    return note(f"{words.count(shown)} of {words.many(total, noun)} shown; all are in {where}.")


def _cell(name: str, content: str, right: bool, **attributes: str) -> Markup:  # noqa: FBT001 - private, one caller
    return element(name, content, class_="number" if right else None, **attributes)
