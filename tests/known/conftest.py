"""A small population: accounts that show values, some of them members of a campaign."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from stillwatch.known import KnownCampaign, learn
from stillwatch.types import AccountId, CampaignId, TraitKind, Verdict

MEMBERS, STRANGERS = 60, 2400
SCAFFOLD, PRODUCT, CLIENT, CARD = "1001", "2002", "rare/1.0", "card-1"
POPULAR, PRODUCT_USERS = "3003", 40


@dataclass(frozen=True)
class Part:
    """Which account shows which value."""

    rows: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]
    values: pa.Array


def part(shown: Mapping[str, npt.NDArray[np.int64]]) -> Part:
    rows = np.concatenate(list(shown.values()))
    codes = np.repeat(np.arange(len(shown)), [len(r) for r in shown.values()])
    return Part(rows, codes, pa.array(list(shown), pa.string()))


def population(seed: int = 1) -> dict[TraitKind, Part]:
    """The first accounts are members. All of them show one scaffold and one that a small product uses too."""
    rng = np.random.default_rng(seed)
    members, strangers = np.arange(MEMBERS), MEMBERS + rng.permutation(STRANGERS)
    half, third = members[: MEMBERS // 2], members[: MEMBERS // 3]
    return {
        TraitKind.SCAFFOLD: part({
            SCAFFOLD: members,
            PRODUCT: np.concatenate([members, strangers[:PRODUCT_USERS]]),
            POPULAR: np.concatenate([members, strangers[: STRANGERS // 3]]),
            "own": strangers[-2:],
        }),
        TraitKind.CLIENT: part({CLIENT: np.concatenate([half, strangers[100:102]]), "curl": strangers[:900]}),
        TraitKind.PAYMENT: part({CARD: third}),
    }  # fmt: skip


def masks() -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    members = np.arange(MEMBERS + STRANGERS) < MEMBERS
    return members, ~members


@pytest.fixture(scope="session")
def campaign() -> KnownCampaign:
    left = learn(population(), *masks())
    moment = datetime(2026, 1, 10, tzinfo=UTC)
    return KnownCampaign(
        campaign_id=CampaignId("c-1"),
        verdict=Verdict.DISTILLATION,
        as_of=moment,
        first_seen=moment,
        last_seen=moment,
        members=frozenset(AccountId(f"a-{n}") for n in range(MEMBERS)),
        accounts=MEMBERS,
        strangers=STRANGERS,
        kinds=left.kinds,
        families=left.families,
    )


@pytest.fixture(scope="session")
def shown() -> dict[TraitKind, Part]:
    return population()
