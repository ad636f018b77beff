"""The sample of accounts is even, stated, and the reasons stay few."""

from dataclasses import replace

from stillwatch.report.page.members import members, sample
from stillwatch.types import Campaign, Scan


def _worst(scan: Scan) -> Campaign:
    return scan.campaigns[1]


def test_the_sample_spans_the_odds(scan: Scan) -> None:
    """The surest and the least sure member are in it, and nobody twice."""
    everyone = _worst(scan).members
    picked = sample(everyone)
    bits = [m.bits for m in picked]
    assert len({m.account_id for m in picked}) == len(picked) == 30
    assert (bits[0], bits[-1]) == (max(m.bits for m in everyone), min(m.bits for m in everyone))
    assert bits == sorted(bits, reverse=True)


def test_the_order_of_members_does_not_matter(scan: Scan) -> None:
    """A shuffled campaign shows the same accounts."""
    campaign = _worst(scan)
    assert members(campaign) == members(replace(campaign, members=campaign.members[::-1]))


def test_few_members_are_all_shown(scan: Scan) -> None:
    """And the page says that they are all."""
    campaign = replace(_worst(scan), members=_worst(scan).members[:9])
    shown = members(campaign)
    assert "All 9 accounts." in shown
    assert all(m.account_id in shown for m in campaign.members)


def test_reasons_that_differ_in_numbers_only_share_a_column(scan: Scan) -> None:
    """Thousands of reasons with each account's own bits in them fold into one."""
    own = tuple(
        replace(m, top_reasons=(f"same hours as the core: {i}.5 bits",)) for i, m in enumerate(_worst(scan).members)
    )
    shown = members(replace(_worst(scan), members=own))
    assert "same hours as the core: … bits" in shown
    assert ">R2<" not in shown


def test_cells_stand_for_reasons(scan: Scan) -> None:
    """Two reasons a member with bits of their own, and one without: two figures and a dot a row, in one column each."""
    shown = members(_worst(scan))
    assert (shown.count('class="dot"'), shown.count('class="heat ')) == (30, 60)
    assert ">hours of day<" in shown
    assert ">R9<" not in shown


def test_reasons_that_do_not_fit_are_counted(scan: Scan) -> None:
    """The commonest eight have a column; the page says of how many."""
    own = tuple(
        replace(m, top_reasons=(f"reason {'abcdefghijk'[i % 11]}",)) for i, m in enumerate(_worst(scan).members)
    )
    assert "8 of 11 reasons shown" in members(replace(_worst(scan), members=own))


def test_a_cell_says_the_bits_of_its_reason(scan: Scan) -> None:
    """The figure at the end of a reason is taken out of it, darker for more."""
    one = replace(_worst(scan).members[0], top_reasons=("payment +9.3 bits", "hours -0.4 bits"))
    shown = members(replace(_worst(scan), members=(one,)))
    assert '<span class="heat h4">+9.3</span>' in shown
    assert '<span class="heat h0">-0.4</span>' in shown
    assert "<li>payment</li>" in shown
