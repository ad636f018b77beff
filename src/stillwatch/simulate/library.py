"""Grows the tables of words that accounts point into: scaffolds, system prompts, tools, clients, parameters, domains.

In: the phrase bank (`phrases.toml`), half of it for half A or B, and a random generator. Out: a `Library`.
Paraphrases are written as `[a|b]` in the bank and drawn here.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillwatch.simulate.layout import Rng
from stillwatch.simulate.pool import Sources

_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of thing an account asks. `order`: own (its own corner of the source), any, list (the next task of the
    operator's queue), bench (the source from its beginning) or slice (documents one after the other).

    scaffold: index of the first of `scaffolds`; -1: the account's own; 0: none. extra: a second source, or "".
    extra_fraction: how often the second text is there. improves: hours between which the second text, of a source
    of drafts, gets better; from inf on: it never does; None: the source has no drafts. reworded: each repeat of a
    task is worded anew.
    """

    weight: float
    target: int
    source: str
    order: str = "own"
    scaffold: int = 0
    scaffolds: int = 1
    extra: str = ""
    extra_fraction: float = 1.0
    system: int = -1
    tools: int = -1
    purpose: int = 0
    reworded: bool = False
    improves: tuple[float, float] | None = None


@dataclass(slots=True)
class Library:
    """Every word that is not a payload; grown while the population is drawn, then only read."""

    bank: Mapping[str, Any]
    sources: Sources
    rng: Rng
    kinds: list[str] = field(default_factory=lambda: ["unknown"])
    scaffolds: list[tuple[str, str]] = field(default_factory=lambda: [("", "")])
    systems: list[str] = field(default_factory=lambda: [""])
    toolsets: list[tuple[str, ...]] = field(default_factory=lambda: [()])
    clients: list[tuple[str, str, str]] = field(default_factory=list)
    params: list[str] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)
    rhythms: list[NDArray[np.float64]] = field(default_factory=list)
    recipes: list[tuple[Part, ...]] = field(default_factory=list)
    follow: tuple[int, int] = (0, 1)

    def kind(self, name: str) -> int:
        """Index of a kind of account, new or known."""
        if name not in self.kinds:
            self.kinds.append(name)
        return self.kinds.index(name)

    def bank_of(self, section: str, name: str) -> list[str]:
        """Phrases of one name: all of them, or the half that belongs to the source set."""
        phrases: list[str] = self.bank[section][name]
        if self.sources == "all" or len(phrases) < 2:
            return phrases
        return phrases[0::2] if self.sources == "A" else phrases[1::2]

    def recipe(self, parts: Sequence[Part]) -> int:
        """Add a recipe and give its index."""
        self.recipes.append(tuple(parts))
        return len(self.recipes) - 1

    def scaffold(self, template: str, words: Mapping[str, str] | None = None) -> int:
        """Add one scaffold with its choices drawn; `{}` in it is the payload's place."""
        before, _, after = _filled(template, words).partition("{}")
        self.scaffolds.append((self.vary(before), self.vary(after)))
        return len(self.scaffolds) - 1

    def paraphrases(self, template: str, count: int) -> int:
        """Add `count` wordings of one template, next to each other; gives the first."""
        first = len(self.scaffolds)
        for _ in range(count):
            self.scaffold(template)
        return first

    def system(self, template: str, words: Mapping[str, str] | None = None) -> int:
        """Add one system prompt with its choices drawn."""
        text = self.vary(_filled(template, words))
        if not text:
            return 0
        self.systems.append(text)
        return len(self.systems) - 1

    def toolset(self, names: Iterable[str]) -> int:
        """Add one tool schema."""
        self.toolsets.append(tuple(names))
        return len(self.toolsets) - 1

    def some_tools(self, low: int, high: int) -> int:
        """Add a tool schema of random tools."""
        names: list[str] = self.bank["words"]["tools"]
        picked = self.rng.choice(len(names), int(self.rng.integers(low, high + 1)), replace=False)
        return self.toolset(names[i] for i in picked)

    def words(self) -> dict[str, str]:
        """Draw the words that make a customer's template its own."""
        words = self.bank["words"]
        company = f"{self._pick(words['company'])}{self._pick(words['company']).lower()} {self._pick(words['trade'])}"
        return {"company": company, "label": self._pick(words["label"]), "tone": self._pick(words["tone"])}

    def vary(self, text: str) -> str:
        """Draw every `[a|b]` in the text."""
        return _CHOICE.sub(lambda found: self._pick(found.group(1).split("|")), text)

    def _pick(self, options: Sequence[str]) -> str:
        return options[int(self.rng.integers(len(options)))]


def _filled(template: str, words: Mapping[str, str] | None) -> str:
    for name, value in (words or {}).items():
        template = template.replace(f"{{{name}}}", value)
    return template


def load_library(sources: Sources, rng: Rng) -> Library:
    """Read the phrase bank and draw what everybody shares: clients, parameters, domains, e-mail shapes."""
    bank = tomllib.loads((files("stillwatch.simulate") / "phrases.toml").read_text("utf-8"))
    library = Library(bank, sources, rng)
    library.clients = _clients(rng)
    library.params = _params(rng)
    library.domains = [*bank["words"]["free_domains"], *bank["words"]["disposable_domains"]]
    library.shapes = _shapes(rng)
    phrases = library.bank_of("customer", "follow")
    numbers = [library.scaffold(phrase) for phrase in phrases for _ in range(4)]
    library.follow = (numbers[0], len(numbers))
    return library


FREE_DOMAINS = 17
DISPOSABLE_DOMAINS = 8
CLIENT_WEIGHTS_EXPONENT = 1.1


def zipf(rng: Rng, size: int, choices: int, exponent: float = CLIENT_WEIGHTS_EXPONENT) -> NDArray[np.int64]:
    """Draw indices 0..choices-1 with Zipf frequencies, the first the most popular."""
    weights = 1.0 / np.arange(1, choices + 1) ** exponent
    return np.searchsorted(np.cumsum(weights / weights.sum()), rng.random(size)).clip(0, choices - 1)


def _clients(rng: Rng) -> list[tuple[str, str, str]]:
    orders = ["host,user-agent,accept,authorization,content-type", "authorization,content-type,user-agent,host,accept"]
    orders += [
        "accept,accept-encoding,authorization,content-length,content-type,host,user-agent",
        "host,authorization,content-type,content-length",
    ]
    sdks = [
        ("atlas-python", "python/3.{}"),
        ("atlas-node", "node/{}"),
        ("atlas-go", "go1.{}"),
        ("http-client", "java/{}"),
        ("rest", "curl/8.{}"),
    ]
    clients = []
    for rank in range(240):
        name, runtime = sdks[int(zipf(rng, 1, len(sdks))[0])]
        version = f"{rng.integers(1, 3)}.{rng.integers(0, 70)}.{rng.integers(0, 6)}"
        agent = f"{name}/{version} {runtime.format(rng.integers(9, 24))} {('linux', 'macos', 'windows')[rank % 3]}"
        tls = f"t13d{rng.integers(10, 19)}{rng.integers(10, 17)}h2_{_hex(rng, 12)}_{_hex(rng, 12)}"
        clients.append((agent, tls, orders[int(rng.integers(len(orders)))]))
    return clients


def _hex(rng: Rng, digits: int) -> str:
    return f"{int(rng.integers(16**digits)):0{digits}x}"


def _params(rng: Rng) -> list[str]:
    popular: list[dict[str, Any]] = [
        {},
        {"max_tokens": 4096},
        {"temperature": 0.7},
        {"temperature": 0},
        {"stream": True},
    ]
    popular += [
        {"max_tokens": 1024, "temperature": 0.7},
        {"max_tokens": 8192, "stream": True},
        {"temperature": 1, "top_p": 0.95},
    ]
    popular += [
        {"max_tokens": 2048, "temperature": 0.2},
        {"max_tokens": 4096, "temperature": 1},
        {"max_tokens": 16384, "reasoning_effort": "high"},
    ]
    popular += [
        {"reasoning_effort": "medium"},
        {"max_tokens": 512, "temperature": 0},
        {"response_format": "json_object", "temperature": 0},
    ]
    for _ in range(400):
        own: dict[str, Any] = {"max_tokens": int(rng.integers(1, 160)) * 100}
        if rng.random() < 0.7:
            own["temperature"] = round(float(rng.integers(0, 21)) / 20, 2)
        if rng.random() < 0.3:
            own["top_p"] = round(float(rng.integers(10, 20)) / 20, 2)
        if rng.random() < 0.3:
            own["stream"] = True
        popular.append(own)
    return [json.dumps(p, sort_keys=True) for p in popular]


POPULAR_PARAMS = 14


def _shapes(rng: Rng) -> list[str]:
    shapes = []
    for _ in range(150):
        parts = [f"A{rng.integers(3, 9)}"]
        parts += [f"{('.', '_', '-', '')[int(rng.integers(4))]}A{rng.integers(3, 11)}"] if rng.random() < 0.5 else []
        parts += [f"D{rng.integers(1, 5)}"] if rng.random() < 0.5 else []
        shapes.append("".join(parts))
    return shapes
