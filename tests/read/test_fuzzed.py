"""What fuzzing found worth keeping, fed to every reader again, with some thousands of examples of hypothesis."""

import pytest
from fuzz_readers import kept
from fuzzing import targets
from hypothesis import given, settings
from hypothesis import strategies as st

TARGETS = targets()
FILES = {"files", "keyed", "packed", "parquet", "otlp", "joined_files"}  # slow: each example is a file


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_is_survived(name: str) -> None:
    contents = kept(name)
    assert contents
    for content in contents:
        TARGETS[name].reader(content)


@pytest.mark.parametrize("name", sorted(TARGETS.keys() - FILES))
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_bytes_of_any_kind_are_survived(name: str, data: st.DataObject) -> None:
    TARGETS[name].reader(data.draw(st.one_of(st.binary(max_size=300), st.text(max_size=80).map(str.encode))))
