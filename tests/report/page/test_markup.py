"""The one door to the page."""

import ast
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import stillwatch.report
from stillwatch.report.page.markup import Markup, document, element, together


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_string_is_text_in_content_and_in_attributes(hostile: tuple[str, ...]) -> None:
    """Over the whole corpus: one element, one attribute, and both say what the string said."""
    for text in hostile:
        reader = _Reader()
        reader.feed(element("p", text, title=text))
        reader.close()
        assert [tag for tag, _ in reader.tags] == ["p"], text
        assert [name for name, _ in reader.tags[0][1]] == ["title"], text
        assert reader.text == reader.tags[0][1][0][1], text


@given(st.text())
def test_any_text_at_all_is_text(text: str) -> None:
    """Beyond the corpus: whatever characters there are, one element with one attribute comes out."""
    reader = _Reader()
    reader.feed(element("p", text, title=text))
    reader.close()
    assert [(tag, [name for name, _ in attrs]) for tag, attrs in reader.tags] == [("p", ["title"])]
    assert reader.text == reader.tags[0][1][0][1]


def test_markup_is_not_escaped_twice() -> None:
    """Elements nest."""
    assert element("p", element("em", "a & b"), " < c") == "<p><em>a &amp; b</em> &lt; c</p>"
    assert together(("<", element("em", "x"))) == "&lt;<em>x</em>"


@pytest.mark.parametrize(
    "name", ["script", "iframe", "img", "object", "link", "style", "form", "p onclick=x", "foreignObject"]
)
def test_elements_that_load_or_run_are_refused(name: str) -> None:
    """The page never needs them, so a slip of ours fails loudly."""
    with pytest.raises(ValueError, match="does not belong on the page"):
        element(name)


def test_attributes_are_named_as_in_html() -> None:
    """Trailing underscores go, others become hyphens, None is left out, numbers are short."""
    assert (
        element("g", class_="a", stroke_width=1.50, x=0.004, y=2, id=None)
        == '<g class="a" stroke-width="1.5" x="0" y="2"></g>'
    )


def test_only_the_door_makes_markup() -> None:
    """No other file of the stage can forget to escape, because none can declare a string to be markup."""
    root = Path(stillwatch.report.__file__).parent
    calls = [
        f"{path.name}:{node.lineno}"
        for path in root.rglob("*.py")
        if path.name != "markup.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Markup"
    ]
    assert calls == []


def test_the_page_forbids_itself_to_load_anything() -> None:
    """A policy without exceptions but its own style sheet; nothing in the style sheet asks for an address."""
    page = document("title", Markup("<p>x</p>"))
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    assert "url(" not in page
    assert "@import" not in page
