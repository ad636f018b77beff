"""indicators.json gives back what was written, and says what is wrong with a file that is not one."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from stillwatch.errors import InputError
from stillwatch.known import KnownCampaign, as_text, read_known
from stillwatch.types import CampaignId


def _folder(place: Path, *campaigns: KnownCampaign) -> Path:
    place.mkdir()
    (place / "indicators.json").write_text(as_text(campaigns))
    return place


def test_what_is_written_is_read_again(campaign: KnownCampaign, tmp_path: Path) -> None:
    other = replace(campaign, campaign_id=CampaignId("c-0"), kinds=(), families=())
    assert read_known([_folder(tmp_path / "a", campaign, other)]) == (other, campaign)


def test_the_report_that_looked_furthest_counts(campaign: KnownCampaign, tmp_path: Path) -> None:
    later = replace(campaign, as_of=campaign.as_of + timedelta(days=1), strangers=7)
    folders = [_folder(tmp_path / "new", later), _folder(tmp_path / "old", campaign)]
    assert read_known(folders) == (later,)


@pytest.mark.parametrize("text", ["", "[]", '{"version": 1}', '{"version": 1, "campaigns": [{"campaign_id": 3}]}'])
def test_another_file_is_refused_with_a_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "indicators.json").write_text(text)
    with pytest.raises(InputError, match="not as stillwatch scan writes it"):
        read_known([tmp_path])


def test_a_folder_without_a_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give the folder that a scan wrote"):
        read_known([tmp_path])
