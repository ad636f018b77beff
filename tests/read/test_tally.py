"""Counts of one input add up over pieces and survive being written down."""

import json

import pyarrow as pa

from stillwatch.read import Tally


def counted(file: str, rows: int, *, extra: str, fault: str = "") -> Tally:
    tally = Tally(files=[file], digests=[f"digest of {file}"], formats={"litellm": rows})
    tally.read(pa.record_batch({"a": pa.array(range(rows)), "b": pa.array([None] * rows, pa.int64())}))
    tally.saw_extra([extra])
    tally.remarks.append(f"remark of {file}")
    if fault:
        tally.quarantine(file, 7, fault)
    return tally


def test_two_tallies_add_up_to_one() -> None:
    whole = counted("one", 3, extra="x")
    whole.add(counted("two", 4, extra="y", fault="no id"))
    assert (whole.files, whole.rows_read, whole.rows_quarantined) == (["one", "two"], 7, 1)
    assert (whole.values, whole.formats) == ({"a": 7, "b": 0}, {"litellm": 7})
    assert whole.extra_columns == {"x", "y"}
    assert whole.remarks == ["remark of one", "remark of two"]
    assert [(one.file, one.row, one.reason) for one in whole.quarantined] == [("two", 7, "no id")]


def test_the_order_of_adding_does_not_change_the_fingerprint() -> None:
    one, two = counted("one", 1, extra="x"), counted("two", 1, extra="x")
    one.add(counted("two", 1, extra="x"))
    two.add(counted("one", 1, extra="x"))
    assert one.fingerprint() == two.fingerprint()


def test_counts_come_back_from_json_as_they_were() -> None:
    tally = counted("one", 3, extra="x", fault="no id")
    assert Tally.from_json(json.loads(json.dumps(tally.as_json()))) == tally


def test_no_more_faults_are_named_than_a_reader_would_look_at() -> None:
    whole, more = Tally(), Tally()
    for row in range(900):
        whole.quarantine("one", row, "no id")
        more.quarantine("two", row, "no id")
    whole.add(more)
    assert (len(whole.quarantined), whole.rows_quarantined) == (1_000, 1_800)


def test_counts_of_a_copy_are_told_under_the_name_of_the_original() -> None:
    tally = counted("copy", 3, extra="x", fault="no id").called("copy", "s3://bucket/log")
    assert (tally.files, tally.quarantined[0].file) == (["s3://bucket/log"], "s3://bucket/log")
