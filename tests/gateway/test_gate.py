"""The core: what each decision does, what beats it, and what happens when we fail."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from stillwatch import decide
from stillwatch.gateway.asked import Asked, Identity, of_headers
from stillwatch.gateway.dry_run import DryRun, Touched, dry_run
from stillwatch.gateway.gate import Gate, Route
from stillwatch.gateway.snapshot import Contents, Snapshot, write_snapshot
from stillwatch.known import COLUMNS, FamilyOdds, Indicator, KindIndicators, KnownCampaign, as_text
from stillwatch.pipeline.acting import PAST_COLUMNS
from stillwatch.pipeline.linking import Request, scaffolds, shown
from stillwatch.pipeline.pieces import projection
from stillwatch.read import Tally, pairs, read_exchanges
from stillwatch.settings import Settings
from stillwatch.sketch import sketch
from stillwatch.types import (
    ActId,
    Action,
    Approval,
    CampaignId,
    Exemption,
    FollowUp,
    Scope,
    Trait,
    TraitKind,
    Verdict,
)

GateOf = Callable[..., Gate]
PROMPT = "Write out every step of your reasoning before you answer: what is {} plus seven? End with one line please."


def _asked(account: str = "", **more: str) -> Asked:
    return Asked(account=account, request=Request(**more))


@pytest.mark.parametrize(
    ("account", "passes", "action", "status"),
    [
        ("blocked", False, "block", 403),
        ("challenged", False, "challenge", 403),
        ("quiet", True, "withhold_reasoning", 200),
        ("simulated", True, "none", 200),
        ("stranger", True, "none", 200),
    ],
)
def test_each_action_does_what_it_says(gate_of: GateOf, account: str, passes: bool, action: str, status: int) -> None:  # noqa: FBT001 - a column
    """Simulated decisions do nothing but count."""
    gate = gate_of()
    answer = gate.answer(_asked(account))
    assert (answer.passes, answer.action, answer.status) == (passes, action, status)
    assert gate.counts["would", "block"] == (account == "simulated")


def test_a_throttle_lets_its_requests_through_and_then_says_how_long_to_wait(gate_of: GateOf) -> None:
    """Two an hour, then 429."""
    gate = gate_of()
    answers = [gate.answer(_asked("throttled")) for _ in range(3)]
    assert [a.status for a in answers] == [200, 200, 429]
    assert 3590 <= answers[2].retry_after_seconds <= 3600


def test_an_address_and_its_network_are_decided_on(gate_of: GateOf) -> None:
    """Whatever the account."""
    gate = gate_of()
    assert gate.answer(_asked("a", address="203.0.113.9")).action == "block"
    assert gate.answer(_asked("a", address="198.51.100.77")).action == "challenge"


def test_an_exemption_of_any_identity_beats_every_decision(gate_of: GateOf) -> None:
    """An allowed organisation frees its blocked account."""
    at = datetime.now(UTC)
    gate = gate_of(exemptions=(Exemption(Scope.ORGANISATION, "acme", "A. Person", at, "customer"),))
    assert not gate.answer(Asked(account="blocked")).passes
    assert gate.answer(Asked(account="blocked", organisation="acme")).passes


@pytest.mark.parametrize("scope", [Scope.SCAFFOLD, Scope.CLIENT])
def test_an_exemption_of_what_a_request_chooses_frees_nobody_of_other_decisions(gate_of: GateOf, scope: Scope) -> None:
    """Words or a client found innocent on appeal stop nobody any more; a blocked account does not go free by them."""
    value = scaffolds(PROMPT.format("five"))[0] if scope is Scope.SCAFFOLD else "acme/1"
    shown_value = {"prompt": PROMPT.format("five")} if scope is Scope.SCAFFOLD else {"client": "acme/1"}
    exempt = Exemption(scope, value, "B. Reviewer", datetime.now(UTC), "appeal p-1", released=True)
    gate = gate_of(also=((value, Action.CHALLENGE, scope),), exemptions=(exempt,))
    assert not gate.answer(_asked("blocked", **shown_value)).passes
    assert gate.answer(_asked("anybody", **shown_value)).passes


def test_exempt_words_link_nobody(gate_of: GateOf) -> None:
    at = datetime.now(UTC)
    exempt = [Exemption(Scope.SCAFFOLD, h, "B. Reviewer", at, "appeal") for h in scaffolds(PROMPT.format("five"))]
    gate = gate_of(follow_ups=_following(), indicators=as_text([_known()]), exemptions=exempt)
    assert gate.answer(_asked("fresh", prompt=PROMPT.format("five"))).passes


@pytest.mark.parametrize(
    "route", ["//v1/chat", "/v1//chat?a=/", "/v1/./chat/x", "/v2/../v1/chat", "/v1/%63hat", "v1/chat"]
)
def test_a_route_is_the_same_however_its_path_is_spelled(tmp_path: Path, route: str) -> None:
    gate = Gate(tmp_path / "absent", (Route("/v1/chat", "closed"),))
    assert not gate.answer(Asked(route=route)).passes


@pytest.mark.parametrize(("mode", "passes"), [("open", True), ("closed", False)])
def test_without_a_snapshot_the_route_decides_and_it_is_counted(tmp_path: Path, mode: str, passes: bool) -> None:  # noqa: FBT001 - a column
    """The longest prefix; without one, open."""
    gate = Gate(tmp_path / "absent", (Route("/v1/", mode),))  # type: ignore[arg-type]
    answers = [gate.answer(Asked(account="a", route="/v1/chat/completions")) for _ in range(100)]
    assert [a.passes for a in answers] == [passes] * 100
    assert all(a.failed for a in answers)
    assert gate.counts["failed", mode] == 100
    assert gate.answer(Asked(route="/other")).passes


def test_a_bad_snapshot_is_counted_and_the_one_in_use_stays(gate_of: GateOf, tmp_path: Path) -> None:
    """Cut short or changed by one byte, it is refused."""
    gate = gate_of()
    path = tmp_path / "decisions.snapshot"
    good = path.read_bytes()
    for bad in (good[:-9], good[:300] + bytes([good[300] ^ 1]) + good[301:], b"", b"something else"):
        with pytest.raises(ValueError, match=r"snapshot|empty"):
            _open(bad, tmp_path)
        fresh = tmp_path / "bad"
        fresh.write_bytes(bad)
        fresh.replace(path)
        assert not gate.refresh()
        assert not gate.answer(_asked("blocked")).passes
    assert gate.counts["snapshot_faults",] == 4


def _open(content: bytes, folder: Path) -> Snapshot:
    path = folder / "opened"
    path.write_bytes(content)
    return Snapshot(path)


def test_a_newer_snapshot_is_taken_whole(gate_of: GateOf, tmp_path: Path) -> None:
    """Undone at the next refresh, and an old file that is still mapped keeps answering until then."""
    gate = gate_of()
    write_snapshot(Contents(2, 0.0, ()), tmp_path / "decisions.snapshot")
    assert not gate.answer(_asked("blocked")).passes
    assert gate.refresh()
    assert gate.answer(_asked("blocked")).passes


def test_a_clock_that_jumps_releases_nobody(gate_of: GateOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate's clock runs from its start by a steady one."""
    gate = gate_of()
    for jump in (timedelta(days=-1), timedelta(days=30)):
        monkeypatch.setattr("time.time", lambda jump=jump: (datetime.now(UTC) + jump).timestamp())
        assert not gate.answer(_asked("blocked")).passes


def _known(campaign: str = "c1") -> KnownCampaign:
    words = tuple(Indicator(h, 30, 0, 14.0) for h in scaffolds(PROMPT.format("five")))
    odds = FamilyOdds("application", -1.0, ((10.0, 11.0),))
    kinds = (KindIndicators(TraitKind.SCAFFOLD, words),)
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return KnownCampaign(
        CampaignId(campaign), Verdict.DISTILLATION, at, at, at, frozenset({"m"}), 30, 5000, kinds, (odds,)  # type: ignore[arg-type]
    )  # fmt: skip


def _following(*, enforced: bool = True) -> tuple[tuple[ActId, FollowUp], ...]:
    approval = Approval("A. Person", datetime.now(UTC), bits_held=True) if enforced else None
    return ((ActId("a-1"), FollowUp(CampaignId("c1"), Action.CHALLENGE, "T-4", 30.0, 9.0, 24.0, approval=approval)),)


def test_a_fresh_account_that_continues_a_campaign_is_acted_on_in_its_first_exchanges(gate_of: GateOf) -> None:
    """One look at its words is enough here; a settled account with the same words, and a stranger, are left alone."""
    gate = gate_of(follow_ups=_following(), indicators=as_text([_known()]), settled=["old"])
    prompts = [PROMPT.format(n) for n in ("five", "six", "nine")]
    assert [gate.answer(_asked("fresh", prompt=p)).action for p in prompts] == ["challenge"] * 3
    assert [gate.answer(_asked("old", prompt=p)).action for p in prompts] == ["none"] * 3
    assert gate.answer(_asked("stranger", prompt="How do I boil an egg so that the yolk stays soft?")).passes
    linked = gate.linked.get_nowait()
    assert (linked.account, linked.act_id, linked.bits) == ("fresh", "a-1", 11.0)
    order = gate.answer(_asked("fresh", prompt=prompts[0])).order
    assert order is not None
    assert order.decision_id == decide.linked("fresh", 11.0, _following()[0][1], linked.at).decision_id
    assert gate.linked.empty()


def test_a_dry_run_shows_the_fresh_accounts_that_live_linking_meets(gate_of: GateOf) -> None:
    """The same exchanges as a gate stops, counted from the first that is stopped; labelled innocents are named."""
    indicators = as_text([_known()])
    gate = gate_of(follow_ups=_following(), indicators=indicators, settled=["old"])
    prompts = {"fresh": ["Good morning", *(PROMPT.format(n) for n in ("five", "six"))], "old": [PROMPT.format("six")]}
    asked = [(account, prompt) for account, said in prompts.items() for prompt in said]
    nothing: dict[str, Any] = dict.fromkeys(PAST_COLUMNS)
    rows = [({**nothing, "account_id": a, "prompt_text": p}, 0.5) for a, p in asked]
    contents = Contents(1, 0.0, (), follow_ups=_following(), indicators=indicators, settled=["old"])
    found = dry_run(contents, rows, {"fresh", "old"})
    stopped = [account for account, prompt in asked if not gate.answer(_asked(account, prompt=prompt)).passes]
    assert stopped == ["fresh", "fresh"]
    assert found == DryRun({}, {"challenge": Touched({"fresh"}, len(stopped), 1.0, 0)}, len(asked), ("fresh",))


def test_a_new_seat_is_not_linked_by_its_companys_own_prompt(gate_of: GateOf) -> None:
    """The campaign copied it; another fresh account that sends it is linked."""
    known = _known()
    words = tuple(replace(value, organisations=("company",)) for value in known.kinds[0].values)
    indicators = as_text([replace(known, kinds=(KindIndicators(TraitKind.SCAFFOLD, words),))])
    gate = gate_of(follow_ups=_following(), indicators=indicators)
    shown = Request(prompt=PROMPT.format("five"))
    assert gate.answer(Asked(account="seat", organisation="company", request=shown)).passes
    assert not gate.answer(Asked(account="fresh", organisation="another", request=shown)).passes


def test_small_talk_first_hides_nobody(gate_of: GateOf) -> None:
    """Each exchange of a fresh account counts, not only the first few."""
    gate = gate_of(follow_ups=_following(), indicators=as_text([_known()]))
    assert all(gate.answer(_asked("fresh", prompt=f"Good morning, number {n}")).passes for n in range(100))
    assert not gate.answer(_asked("fresh", prompt=PROMPT.format("five"))).passes


def test_a_cap_an_hour_holds_for_fresh_accounts_too(gate_of: GateOf) -> None:
    """Beyond it they are let through and counted: a mistake of ours cannot stop everybody."""
    (act, following), *_ = _following()
    gate = gate_of(follow_ups=((act, replace(following, per_hour=2)),), indicators=as_text([_known()]))
    prompt = PROMPT.format("five")
    passes = [gate.answer(_asked(f"fresh-{n}", prompt=prompt)).passes for n in range(5)]
    assert passes == [False, False, True, True, True]
    assert gate.counts["over_cap", "challenge"] == 3


def test_a_cap_an_hour_holds_for_accounts_that_show_a_mark(gate_of: GateOf) -> None:
    """A mark that became popular cannot stop everybody: beyond the cap milder decisions hold, or nobody is stopped."""
    marked = (("10.0.0.1", Action.BLOCK, Scope.ADDRESS), ("10.0.0.0/24", Action.CHALLENGE, Scope.NETWORK))
    gate = gate_of(also=marked, caps={Action.BLOCK: 2, Action.CHALLENGE: 1})
    actions = [gate.answer(_asked(f"a{n}", address="10.0.0.1")).action for n in (1, 2, 3, 4, 1, 3)]
    assert actions == ["block", "block", "challenge", "none", "block", "challenge"]
    assert (gate.counts["over_cap", "block"], gate.counts["over_cap", "challenge"]) == (3, 1)
    assert not gate.answer(_asked("blocked")).passes


def test_without_an_approval_a_follow_up_only_counts(gate_of: GateOf) -> None:
    """Linked and counted, but let through."""
    gate = gate_of(follow_ups=_following(enforced=False), indicators=as_text([_known()]))
    assert gate.answer(_asked("fresh", prompt=PROMPT.format("five"))).passes
    assert gate.counts["would", "challenge"] == 1


def test_a_forwarded_chain_is_read_from_its_trusted_end() -> None:
    """What the client wrote in front does not count."""
    headers = {"x-forwarded-for": "6.6.6.6, 203.0.113.9, 10.0.0.1"}
    assert of_headers(headers, b"", "/", Identity()).request.address == "10.0.0.1"
    assert of_headers(headers, b"", "/", Identity(forwarded_hops=1)).request.address == "203.0.113.9"


@pytest.mark.parametrize(
    "body", [b"{", b"[1]", b'{"messages": 3}', b'{"messages": [3, {"role": "user"}]}', b"[" * 90_000]
)
def test_a_strange_body_shows_nothing_and_breaks_nothing(gate_of: GateOf, body: bytes) -> None:
    """The headers still decide."""
    gate = gate_of()
    assert not gate.answer(of_headers({"x-account-id": "blocked"}, body, "/", Identity())).passes
    assert gate.answer(of_headers({"x-account-id": "a"}, body, "/", Identity())).passes
    assert gate.counts["failed", "open"] == 0


def test_parts_tools_and_parameters_are_read() -> None:
    """The last user turn, the system prompt, names of tools."""
    body = {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "two"}]},
        ],
        "tools": [{"type": "function", "function": {"name": "run"}}, {"name": "look"}, 4],
        "temperature": 0,
    }
    request = of_headers({}, json.dumps(body).encode(), "/", Identity()).request
    tools_hash = pairs.of_tools(body["tools"])["tools_hash"]
    assert request == Request("One\ntwo", "Be brief.", "", '{"temperature":0}', ("run", "look"), "", tools_hash)


def test_a_request_shows_what_the_log_of_it_shows(tmp_path: Path) -> None:
    """Prompt, system prompt, client, parameters, tools, address: each trait met live is one that a scan finds."""
    body = {
        "messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": PROMPT.format("five")}],
        "tools": [{"type": "function", "function": {"name": "run"}}, {"type": "web_search"}],
        "max_completion_tokens": 9,
        "top_k": 4,
    }
    names = {
        "x-account-id": "acme\u200b 1",
        "user-agent": "sdk/1",
        "x-ja4": "t13d",
        "x-forwarded-for": "::ffff:203.0.113.9",
    }
    identity = Identity(client=("user-agent", "x-ja4"))
    asked = of_headers(names, json.dumps(body).encode(), "/", identity)
    row = {"exchange_id": "1", "ts": "2026-11-01T00:00:00Z", "account_id": names["x-account-id"], "model": "m"}
    row |= {"request": body, "user_agent": "sdk/1", "tls_fingerprint": "t13d", "ip": names["x-forwarded-for"]}
    (tmp_path / "log.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    (batch,) = read_exchanges([tmp_path], Settings(), Tally())
    (kept,) = sketch(batch, projection()).to_pylist()
    assert asked.account == batch["account_id"][0].as_py()
    live = {str(trait.kind): trait.value for trait in shown(asked.request) if trait.kind != TraitKind.TOOL_SCHEMA}
    for kind in (TraitKind.SYSTEM_PROMPT, TraitKind.CLIENT, TraitKind.PARAMETERS, TraitKind.ADDRESS, TraitKind.NETWORK):
        (column,) = COLUMNS[kind]
        assert live[kind] == str(kept[column]), kind
    assert Trait(TraitKind.TOOL_SCHEMA, kept["tool_schema"]) in set(shown(asked.request))
    words = {str(kept[column]) for column in COLUMNS[TraitKind.SCAFFOLD]}
    assert {t.value for t in shown(asked.request) if t.kind is TraitKind.SCAFFOLD} <= words


@pytest.mark.parametrize("name", ["authorization", "Authorization"])
def test_a_key_is_known_however_its_scheme_is_written(gate_of: GateOf, name: str) -> None:
    """BEARER is Bearer, and a second key does not hide the first."""
    key = sha256(b"sk-1").hexdigest()
    gate = gate_of(also=((key, Action.BLOCK), (key, Action.BLOCK, Scope.KEY)))
    for shape in ("Bearer sk-1", "bearer  sk-1", "BEARER sk-1 ", "sk-1"):
        assert not gate.answer(of_headers({name.lower(): shape}, b"", "/", Identity())).passes, shape
    hidden = {"authorization": "Bearer other", "x-api-key": "sk-1"}
    assert not gate.answer(of_headers(hidden, b"", "/", Identity())).passes


def test_a_key_that_is_exempt_frees_no_other(gate_of: GateOf) -> None:
    """Whoever shows two keys is exempt only if both are: the model's server may read either."""
    good, bad = (sha256(key).hexdigest() for key in (b"sk-good", b"sk-bad"))
    at = datetime.now(UTC)
    gate = gate_of(
        also=((bad, Action.BLOCK),), exemptions=(Exemption(Scope.ACCOUNT, good, "A. Person", at, "customer"),)
    )
    shown = {"authorization": "Bearer sk-good", "x-api-key": "sk-bad"}
    assert gate.answer(of_headers({"authorization": "Bearer sk-good"}, b"", "/", Identity())).passes
    for headers in (shown, {"authorization": "Bearer sk-bad", "x-api-key": "sk-good"}):
        assert not gate.answer(of_headers(headers, b"", "/", Identity())).passes


def test_ids_are_compared_as_a_log_writes_them(gate_of: GateOf) -> None:
    """Invisible characters, other compositions, addresses inside IPv6."""
    gate = gate_of(also=(("caf\u00e9", Action.BLOCK),))
    for account in ("caf\u00e9", "cafe\u0301", " caf\u00e9\u200b", "\u202ecaf\u00e9"):
        assert not gate.answer(of_headers({"x-account-id": account}, b"", "/", Identity())).passes, account
    for address in ("203.0.113.9", "::ffff:203.0.113.9", "203.0.113.9:4711", "6.6.6.6, 203.0.113.9"):
        assert not gate.answer(of_headers({"x-forwarded-for": address}, b"", "/", Identity())).passes, address


def test_words_that_cannot_be_read_hide_nobody(gate_of: GateOf) -> None:
    """A lone surrogate breaks the sketch, not the decision about who asks, and nothing counts as a failure of ours."""
    marked = ("1", Action.CHALLENGE, Scope.SCAFFOLD)
    gate = gate_of(also=(marked,), follow_ups=_following(), indicators=as_text([_known()]))
    body = json.dumps({"messages": [{"role": "user", "content": "\ud800 " * 40}]}).encode()
    assert not gate.answer(of_headers({"x-account-id": "blocked"}, body, "/", Identity())).passes
    assert gate.answer(of_headers({"x-account-id": "fresh"}, body, "/", Identity())).passes
    assert gate.counts["failed", "open"] == 0


@pytest.mark.parametrize(("mode", "passes"), [("open", True), ("closed", False)])
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, None),
        ({"x-envoy-auth-partial-body": "true"}, b'{"messages": [{"role": "user", "content": "ab'),
        ({"content-encoding": "gzip"}, b"\x1f\x8b\x08"),
        ({"content-type": "multipart/form-data", "x-envoy-auth-partial-body": "true"}, b"--a"),
    ],
)
def test_where_words_count_padding_does_not_hide_them(
    gate_of: GateOf,
    headers: dict[str, str],
    body: bytes | None,
    mode: str,
    passes: bool,  # noqa: FBT001 - a column
) -> None:
    """A body that is not waited for, cut short or packed: the route's mode on failure decides, and it is counted."""
    gate = gate_of((Route("/v1/", mode),), (("7", Action.CHALLENGE, Scope.SCAFFOLD),))  # type: ignore[arg-type]
    answer = gate.answer(of_headers({"x-account-id": "a", **headers}, body, "/v1/chat", Identity()))
    assert (answer.passes, answer.failed) == (passes, True)
    assert gate.counts["unread_bodies",] == 1


def test_unread_words_change_nothing_for_whom_a_decision_names_or_where_none_could_count(gate_of: GateOf) -> None:
    closed = (Route("/", "closed"),)
    blocked = of_headers({"x-account-id": "blocked"}, None, "/", Identity())
    assert gate_of(closed, (("7", Action.CHALLENGE, Scope.SCAFFOLD),)).answer(blocked).action == "block"
    assert gate_of(closed).answer(of_headers({"x-account-id": "a"}, None, "/", Identity())).passes


def _unread(account: str) -> Asked:
    return of_headers({"x-account-id": account}, b"{", "/", Identity())


@pytest.mark.parametrize(
    "about_words",
    [("7", Action.WATCH, Scope.SCAFFOLD), ("7", Action.CHALLENGE, Scope.SCAFFOLD, False)],
    ids=["watched", "simulated"],
)
def test_unread_words_change_nothing_where_no_enforced_decision_about_words_does_more_than_watch(
    gate_of: GateOf, about_words: tuple[Any, ...]
) -> None:
    """A scaffold that is only watched, or challenged in a simulation, makes a fail-closed route refuse nobody."""
    assert gate_of((Route("/", "closed"),), (about_words,)).answer(_unread("a")).passes


def test_unread_words_change_nothing_where_an_exemption_frees_the_only_words(gate_of: GateOf) -> None:
    exempt = Exemption(Scope.SCAFFOLD, "7", "B. Reviewer", datetime.now(UTC), "appeal p-1", released=True)
    gate = gate_of((Route("/", "closed"),), (("7", Action.CHALLENGE, Scope.SCAFFOLD),), exemptions=(exempt,))
    assert gate.answer(_unread("a")).passes


def test_unread_words_change_nothing_for_an_account_known_for_two_days(gate_of: GateOf) -> None:
    """Also where a scaffold is challenged and a campaign is known; of a fresh account they might have decided."""
    more = {"follow_ups": _following(), "indicators": as_text([_known()]), "settled": ["old"]}
    gate = gate_of((Route("/", "closed"),), (("7", Action.CHALLENGE, Scope.SCAFFOLD),), **more)
    assert [gate.answer(_unread(account)).status for account in ("old", "fresh")] == [200, 503]


@pytest.mark.parametrize(
    ("enforced", "action", "status"),
    [(True, Action.CHALLENGE, 503), (True, Action.WATCH, 200), (False, Action.CHALLENGE, 200)],
)
def test_unread_words_of_a_fresh_account_count_where_more_than_watching_would_follow(
    gate_of: GateOf,
    enforced: bool,  # noqa: FBT001 - a column
    action: Action,
    status: int,
) -> None:
    (act, following), *_ = _following(enforced=enforced)
    more = {"follow_ups": ((act, replace(following, action=action)),), "indicators": as_text([_known()])}
    assert gate_of((Route("/", "closed"),), **more).answer(_unread("fresh")).status == status


@pytest.mark.parametrize(
    ("headers", "body"), [({}, b""), ({}, b'{"model": "m"}'), ({"content-type": "multipart/form-data; a"}, b"--a")]
)
def test_no_body_json_and_an_upload_are_no_hidden_words(headers: dict[str, str], body: bytes) -> None:
    assert of_headers(headers, body, "/", Identity()).content == "read"
