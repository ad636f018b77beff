"""Printing on any terminal, whatever it can show.

In: a rich console and what draws on it. Out: text on it.
"""

from collections.abc import Callable

from rich.console import Console

from stillwatch.report import words


def print_by(draw: Callable[[Console], None], console: Console) -> None:
    """Draw on a console; on a terminal that is not UTF-8, what it cannot show becomes a question mark."""
    if console.encoding.startswith("utf"):
        draw(console)
        return
    with console.capture() as captured:
        draw(console)
    plain = words.without_superscripts(captured.get())
    console.file.write(plain.encode(console.encoding, "replace").decode(console.encoding))
