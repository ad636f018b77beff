"""Scans to report on: three campaigns, an organisation, one unjudged; every free string paintable."""

import json
import math
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from stillwatch.types import (
    AccountId,
    Calibration,
    Campaign,
    CampaignId,
    Coverage,
    Evidence,
    Exceedance,
    ExchangeId,
    HiddenFinding,
    HourCount,
    Leak,
    Learning,
    Member,
    NotEvaluated,
    Pool,
    Quarantined,
    Scan,
    SharedTrait,
    Target,
    TargetShare,
    Trait,
    TraitKind,
    Verdict,
)

Paint = Callable[[str], str]
MakeScan = Callable[..., Scan]

_START = datetime(2026, 6, 1, tzinfo=UTC)
_REASONS = (
    "payment fingerprint pf_7c1e of 212 other members",
    "scaffold of words in 96 % of its prompts",
    "works at the same hours as the core",
    "signed up in the burst of 2026-05-28 03:14",
    "task list without overlap",
    "client python-httpx/0.27, as 212 other members",
)
_KINDS = ("payment", "hours_of_day", "gaps_between_requests", "email_shape")


def _hidden(answer: str, largest: str | None, declared: float | None, organisations: int) -> HiddenFinding:
    known = answer != "not_evaluated"
    return HiddenFinding(
        answer=answer,  # type: ignore[arg-type]
        declared_share_fraction=declared,
        largest_organisation=largest,
        organisations=organisations,
        disposable_email_fraction=0.41 if known else None,
        country_mismatch_fraction=0.12 if known else None,
        rules_fired=("R2 unsupported region", "R7 majority ownership") if answer == "yes" else (),
    )


def _members(paint: Paint, name: str, number: int, rng: random.Random) -> tuple[Member, ...]:
    made = []
    for i in range(number):
        first = _START + timedelta(minutes=rng.randrange(4000))
        exchanges = rng.randrange(200, 1200)
        strengths = sorted((rng.uniform(0.2, 12) for _ in range(2)), reverse=True)
        weighed = (f"{paint(r)} {b:+.1f} bits" for r, b in zip(rng.sample(_KINDS, 2), strengths, strict=True))
        reasons = (*weighed, paint(rng.choice(_REASONS[:4])))
        made.append(
            Member(
                AccountId(paint(f"acct_{name}_{i:05}")),
                rng.gauss(14, 4),
                first,
                first + timedelta(days=rng.randrange(20, 40)),
                exchanges,
                int(exchanges * 0.9),
                reasons,
            )
        )
    return tuple(made)


@cache
def _timeline(days: int, seed: int, *, sleeps: bool) -> tuple[HourCount, ...]:
    rng = random.Random(seed)
    hours = []
    for h in range(days * 24):
        night = sleeps and not 8 <= h % 24 <= 19
        level = 0.05 if night else 1.0 + 0.3 * math.sin(h / 90)
        hours.append(HourCount(_START + timedelta(hours=h), int(level * rng.randrange(150, 260))))
    return tuple(hours)


def _evidence(paint: Paint) -> tuple[Evidence, ...]:
    ids = tuple(ExchangeId(paint(f"ex_{i:06}")) for i in range(7))
    found = (
        (
            "gaps_between_requests",
            "together",
            21.4,
            "Gaps of 412 accounts differ 6.1 times less than those of strangers",
        ),
        (
            "hours_of_day",
            "together",
            14.2,
            "The hours of 412 accounts are as alike as clones; strangers 2.8 times less",
        ),
        ("task_list_split", "together", 9.7, "412 accounts share 118,203 tasks with 37 repeats; 5,210 are expected"),
        ("first_and_last_day", "together", 3.3, "398 of 412 started within 53 hours; among strangers 11 %"),
        ("prompt_length", "together", -1.8, "Lengths of prompts differ as much as among strangers"),
        ("choice_of_group", "together", -3.2, "9 groups of these accounts were accused; charged log2(9) bits"),
        ("sweep", "taking", 31.0, "A task list is walked once from end to end: 99.2 % of 118,203 tasks occur once"),
        ("elicitation", "taking", 12.5, "88 % of prompts ask for reasoning to be written out; among strangers 4 %"),
        ("judge_use", "taking", -0.6, "2 % of prompts hold a rubric, as among strangers"),
        ("declared_relations", "hidden", 0.0, "412 accounts declare 406 organisations"),
    )
    return tuple(Evidence(test, question, bits, paint(claim), ids) for test, question, bits, claim in found)


def _campaign(paint: Paint, name: str, verdict: Verdict, size: int, seed: int) -> Campaign:
    rng = random.Random(seed)
    accusing = verdict in {Verdict.DISTILLATION, Verdict.RELAY, Verdict.DECLARED_HARVEST}
    evidence = _evidence(paint) if accusing else _evidence(paint)[:4]
    members = _members(paint, name, size, rng)
    exchanges = sum(m.exchanges for m in members)
    taken = {Verdict.DISTILLATION: int(exchanges * 0.97), Verdict.RELAY: int(exchanges * 0.36)}.get(verdict, 0)
    taken = exchanges - 4 if verdict is Verdict.DECLARED_HARVEST else taken
    hides = verdict in {Verdict.DISTILLATION, Verdict.RELAY}
    hidden = (
        _hidden("yes", paint("Harbour Reading Club"), 0.004, size - 6)
        if hides
        else _hidden("no", paint("Northwind Ltd"), 0.98, 2)
    )
    if verdict is Verdict.NOT_EVALUATED:
        hidden = _hidden("not_evaluated", None, None, 0)
    targets = ((Target.REASONING, 0.62), (Target.CODING, 0.27), (Target.GRADING, 0.08), (Target.OTHER, 0.03))
    return Campaign(
        campaign_id=CampaignId(paint(f"c_{name}_5f3a")),
        verdict=verdict,
        together_bits=sum(e.bits for e in evidence if e.question == "together"),
        taking_bits=sum(e.bits for e in evidence if e.question == "taking"),
        hidden=hidden,
        taking={Verdict.RELAY: "mixed", Verdict.NOT_EVALUATED: "not_evaluated"}.get(
            verdict, "yes" if accusing else "no"
        ),  # type: ignore[arg-type]
        members=members,
        exchanges=exchanges,
        taking_exchanges=taken,
        first_seen=_START,
        last_seen=_START + timedelta(days=45),
        targets=tuple(TargetShare(t, int(taken * f), f) for t, f in targets) if accusing else (),
        evidence=evidence,
        leak=Leak(
            taken,
            taken // 2,
            taken * 900,
            taken * 2100,
            taken * 0.034,
            (paint("atlas-9-preview"),),
            (Learning("32B", "AIME 2024", 24.0, 9.5, 38.5), Learning("7B", "AIME 2024", 11.0, 2.0, 21.0))
            if hides
            else (),
        ),
        indicators=(paint("round-the-clock use: 24 of 24 hours"), paint("new account at full speed: 380 of 412")),
        traits=(
            SharedTrait(Trait(TraitKind.PAYMENT, paint("pf_7c1e")), size // 2, 0, paint("card token pf_7c1e")),
            SharedTrait(
                Trait(TraitKind.SCAFFOLD, paint("8123412")), size - 3, 12, paint("You are an expert tutor. Solve")
            ),
            SharedTrait(Trait(TraitKind.CLIENT, paint("httpx")), size, 80_211, paint("python-httpx/0.27 | t13d1516h2")),
        ),
        timeline=_timeline(45, seed, sleeps=verdict is Verdict.ORGANISATION),
        examples=tuple(
            (
                ExchangeId(paint(f"ex_{i:06}")),
                paint(f"Solve step by step and show all reasoning. Problem {i}: let n be"),
            )
            for i in range(4)
        ),
        not_evaluated=(NotEvaluated("address_reuse", "together", paint("column ip")),),
    )


def _coverage(paint: Paint, accounts: int) -> Coverage:
    return Coverage(
        files=(paint("logs/2026-06.parquet"), paint("logs/2026-07.jsonl.zst")),
        exchanges=1_282_211,
        rows_read=1_284_113,
        rows_quarantined=7,
        rows_duplicated=1_902,
        quarantined=(
            Quarantined(paint("logs/2026-07.jsonl.zst"), 88_123, paint("not JSON: unexpected end at byte 512")),
            Quarantined(paint("logs/2026-07.jsonl.zst"), 90_001, paint("ts is missing")),
        ),
        column_fraction={
            "exchange_id": 1.0,
            "ts": 1.0,
            "ip": 0.0,
            "user_agent": 0.999,
            "reply_text": 0.004,
            paint("extra"): 0.3,
        },
        account_column_fraction={"account_id": 1.0, "payment_fingerprint": 0.71, "phone_country": 0.0},
        accounts=accounts,
        accounts_declared=accounts - 12,
        first_seen=_START,
        last_seen=_START + timedelta(days=45),
        tests_on=("hours_of_day", "gaps_between_requests", "task_list_split"),
        tests_off=(
            NotEvaluated("address_reuse", "together", paint("column ip of exchanges")),
            NotEvaluated("region", "hidden", paint("column phone_country of accounts")),
        ),
        notes=(paint("reply_text is nearly always empty"),),
    )


def _calibration(paint: Paint) -> Calibration:
    rows = (
        (1, 233, 0.25, 0.33),
        (2, 88, 0.087, 0.132),
        (3, 31, 0.026, 0.054),
        (5, 4, 0.001, 0.012),
        (8, 0, 0.0, 0.0045),
    )
    return Calibration(
        812,
        tuple(Exceedance(bits, 812, over, low, high, 2.0**-bits, holds=True) for bits, over, low, high in rows),
        ok=True,
        source=paint("reference traffic, split by organisation"),
    )


@pytest.fixture(scope="session")
def make_scan() -> MakeScan:
    """Give a maker of scans; `paint` changes every string that a log could have held."""

    def make(paint: Paint = str, size: int = 412) -> Scan:
        kinds = (
            ("org", Verdict.ORGANISATION, 60),
            ("north", Verdict.DISTILLATION, size),
            ("odd", Verdict.NOT_EVALUATED, 9),
            ("relay", Verdict.RELAY, size // 2),
            ("desk", Verdict.DECLARED_HARVEST, 14),
        )
        campaigns = tuple(_campaign(paint, n, v, s, seed) for seed, (n, v, s) in enumerate(kinds))
        return Scan(
            version="0.1.0",
            as_of=_START + timedelta(days=46),
            input_fingerprint="9b1c5d2e77aa01f3",
            settings_hash="04ac11d09e7b2c55",
            coverage=_coverage(paint, 48_120),
            calibration=_calibration(paint),
            groups_tested=3_911,
            campaigns=campaigns,
            stage_seconds={"read": 3.2, "together": 8.0},
            threshold_bits=13.6,
            pools=(_pool(paint, campaigns[1], campaigns[3]),),
        )

    return make


def _pool(paint: Paint, *campaigns: Campaign) -> Pool:
    names = tuple(campaign.campaign_id for campaign in campaigns)
    networks = tuple(paint(f"203.0.{block}.0/24") for block in range(3))
    return Pool(names, TraitKind.NETWORK, networks, 61, 31.5, "2 campaigns send through 3 networks in common")


@pytest.fixture(scope="session")
def scan(make_scan: MakeScan) -> Scan:
    """Give a scan with harmless strings."""
    return make_scan()


@pytest.fixture(scope="session")
def quiet_scan(scan: Scan) -> Scan:
    """Give a scan that found nothing."""
    return replace(scan, campaigns=(), threshold_bits=None)


@pytest.fixture(scope="session")
def uncalibrated_scan(scan: Scan) -> Scan:
    """Give a scan whose bits were exceeded by benign groups."""
    broken = replace(scan.calibration.exceedance[3], exceeding=80, low_fraction=0.08, high_fraction=0.12, holds=False)
    rows = (*scan.calibration.exceedance[:3], broken)
    return replace(scan, calibration=replace(scan.calibration, exceedance=rows, ok=False))


@pytest.fixture(scope="session")
def hostile() -> tuple[str, ...]:
    """Give the corpus of strings that try to become markup, formulas, colours or other text."""
    lines = (Path(__file__).parent / "hostile.jsonl").read_text(encoding="ascii").splitlines()
    return tuple(json.loads(line)["text"] for line in lines)


@pytest.fixture(scope="session")
def hostile_scan(make_scan: MakeScan, hostile: tuple[str, ...]) -> Scan:
    """Give a scan in which every free string is hostile, in turn; later laps carry a number, to stay unique."""
    return make_scan(paint_with(hostile))


def paint_with(texts: tuple[str, ...]) -> Paint:
    """Give a painter that maps equal strings to equal hostile strings and walks through all of them."""
    known: dict[str, str] = {}

    def paint(text: str) -> str:
        if text not in known:
            lap, place = divmod(len(known), len(texts))
            known[text] = texts[place] + (f" {lap}" if lap else "")
        return known[text]

    return paint
