import gc

import pytest

from stillwatch.pipeline.uncollected import uncollected


@uncollected
def _works(fails: bool) -> bool:  # noqa: FBT001 - what it is asked
    if fails:
        raise ValueError
    return gc.isenabled()


def test_the_collector_rests_and_comes_back_whatever_happens() -> None:
    assert not _works(False)  # noqa: FBT003 - same
    assert gc.isenabled()
    with pytest.raises(ValueError, match=""):
        _works(True)  # noqa: FBT003 - same
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        _works(False)  # noqa: FBT003 - same
        assert not gc.isenabled()
    finally:
        gc.enable()
