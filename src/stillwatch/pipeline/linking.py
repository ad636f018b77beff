"""Live linking: does a request come from a fresh account that continues a known campaign?

In: known campaigns, and what requests show, one at a time. Out: the campaign and bits, as soon as they suffice. The
same sketch, the same indicators and the same bits as in a scan with `--known`; but where a scan looks at an account's
first exchanges, here each counts while the account is fresh: whoever begins with small talk is met all the same.
Strangers are counted by what they ever show, so the bits hold however long one looks.
"""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import pyarrow as pa

from stillwatch import known, read, sketch
from stillwatch.known import KnownCampaign
from stillwatch.sketch import canonical_parameters, folded_hash64, scaffold_hashes
from stillwatch.types import ACCUSED_OF, CampaignId, Trait, TraitKind

__all__ = ["LINKED_FALSE_FRACTION", "Linker", "Request", "client_of", "network", "request_of", "scaffolds", "shown"]

LINKED_FALSE_FRACTION = 0.002  # of innocent fresh accounts that may be linked, unless an operator says otherwise

_REMEMBERED = 200_000  # fresh accounts that are followed at once, about 100 MB; the oldest are let go
_MOST_CHARACTERS = 65_536  # of a prompt that are looked at: both ends, so that time is bounded

_NOTHING_MET: known.Trail = MappingProxyType({})  # shared: most accounts never meet anything

network = lru_cache(65_536)(sketch.network)


@dataclass(frozen=True, slots=True)
class Request:
    """What a door knows of the content of one request; empty is unknown. tools: their names; tools_hash: of the whole
    schema, as readers write it.
    """

    prompt: str = ""
    system: str = ""
    client: str = ""
    parameters: str = ""
    tools: tuple[str, ...] = ()
    address: str = ""
    tools_hash: str = ""


def client_of(*parts: str) -> str:
    """Put user agent, TLS fingerprint and order of headers together as sketches do; those unknown are left out."""
    return " | ".join(part for part in parts if part)


def request_of(body: object, client: str, address: str) -> Request:
    """Give what the decoded body of a request shows, in whichever dialect, as a log of it would be read."""
    said = read.request_columns(body) if isinstance(body, dict) else {}
    return Request(
        prompt=said.get("prompt_text", ""),
        system=said.get("system_text", ""),
        client=client,
        parameters=said.get("params", ""),
        tools=tuple(said.get("tools", ())),
        address=address,
        tools_hash=said.get("tools_hash", ""),
    )


def scaffolds(prompt: str) -> tuple[str, ...]:
    """Give the scaffold hashes of a prompt, as traits and indicators write them."""
    if len(prompt) > _MOST_CHARACTERS:
        prompt = prompt[: _MOST_CHARACTERS // 2] + " " + prompt[-_MOST_CHARACTERS // 2 :]
    return tuple(str(value) for value in scaffold_hashes(prompt)) if prompt else ()


def shown(request: Request) -> Iterator[Trait]:
    """Give the traits that one request shows."""
    for value in scaffolds(request.prompt):
        yield Trait(TraitKind.SCAFFOLD, value)
    if request.system:
        yield Trait(TraitKind.SYSTEM_PROMPT, str(int(folded_hash64(pa.array([request.system], pa.string()))[0])))
    for schema in (request.tools_hash, ",".join(sorted(request.tools))):  # a log has the one or the other
        if schema:
            yield Trait(TraitKind.TOOL_SCHEMA, schema)
    if request.client:
        yield Trait(TraitKind.CLIENT, request.client)
    if request.parameters:
        yield Trait(TraitKind.PARAMETERS, canonical_parameters(request.parameters))
    if request.address:
        yield Trait(TraitKind.ADDRESS, request.address)
        of_network = network(request.address)
        if of_network:
            yield Trait(TraitKind.NETWORK, of_network)


class Linker:
    """Follows fresh accounts from exchange to exchange. Not safe for several threads.

    Args:    least_bits: by campaign, what its follow-up asks for besides; false_fraction: at most this share of
             innocent fresh accounts is expected to be named, over all campaigns together.
    """

    def __init__(
        self, campaigns: Sequence[KnownCampaign], least_bits: Mapping[str, float], false_fraction: float
    ) -> None:
        followed = [c for c in campaigns if c.verdict in ACCUSED_OF and c.campaign_id in least_bits]
        self._index = known.index(followed)
        self._members = frozenset[str]().union(*(c.members for c in followed))
        floors = zip(followed, known.needed_bits(followed, false_fraction), strict=True)
        self._needed = [max(floor, least_bits[c.campaign_id]) for c, floor in floors]
        self._trails: OrderedDict[str, known.Trail] = OrderedDict()

    def knows(self, account: str) -> bool:
        """Whether an account is a known member, whose decisions are made by the plan."""
        return account in self._members

    def follow(self, account: str, traits: Iterable[Trait], organisation: str = "") -> tuple[CampaignId, float] | None:
        """Add one exchange of a fresh account; give the campaign it continues and its bits once these suffice."""
        trail = known.follow(self._index, self._trails.pop(account, _NOTHING_MET), traits, organisation)
        self._trails[account] = trail
        if len(self._trails) > _REMEMBERED:
            self._trails.popitem(last=False)
        enough = [(b, n) for n, b in known.total_bits(self._index, trail).items() if b >= self._needed[n]]
        if not enough:
            return None
        bits, number = max(enough)
        return self._index.campaigns[number].campaign_id, bits


def linker_of(
    text: str, least_bits: Mapping[str, float], false_fraction: float = LINKED_FALSE_FRACTION
) -> Linker | None:
    """Make a linker from the text of indicators.json; None where there is nothing to link to."""
    if not text or not least_bits:
        return None
    return Linker(known.of_text(text, "snapshot"), least_bits, false_fraction)


def merged(text: str, campaigns: Sequence[KnownCampaign]) -> str:
    """Give the text of indicators.json with campaigns added; of one id, the one that looked furthest counts."""
    held = {c.campaign_id: c for c in (known.of_text(text, "indicators.json") if text else ())}
    for campaign in campaigns:
        before = held.get(campaign.campaign_id)
        if before is None or before.as_of <= campaign.as_of:
            held[campaign.campaign_id] = campaign
    return json.dumps(json.loads(known.as_text(tuple(held.values()))), separators=(",", ":"))
