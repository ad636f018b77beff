"""Files that are no log as they are, told by their beginning, and what whoever has one should do.

In: the first bytes of a file, unpacked. Out: words for an error, or None for what may be a log.
"""

import codecs

_PACKED = "is packed twice; unpack it once"
_BEGINNINGS = {
    b"\x1f\x8b": _PACKED,
    b"\x28\xb5\x2f\xfd": _PACKED,
    b"BZh": "is packed by bzip2; pack it by gzip or zstd, or not at all",
    b"\xfd7zXZ": "is packed by xz; pack it by gzip or zstd, or not at all",
    b"PK\x03\x04": "is a ZIP archive or a workbook; unpack it, or save the sheet as CSV",
    b"PAR1": "is Parquet inside another packing; unpack it",
    b"Obj\x01": "is Avro; write it as Parquet",
    b"ORC": "is ORC; write it as Parquet",
    b"SQLite format 3\0": "is a database of SQLite; export the table as CSV or as JSON lines",
    codecs.BOM_UTF16_LE: "is UTF-16 text; write it as UTF-8",
    codecs.BOM_UTF16_BE: "is UTF-16 text; write it as UTF-8",
}
_TAR, _TAR_AT = b"ustar", 257
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def foreign(start: bytes) -> str | None:
    """Say what a file is that cannot be read, by its first bytes."""
    if start[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return "is a tar archive; unpack it"
    return next((words for first, words in _BEGINNINGS.items() if start.startswith(first)), None)


def separated(header: bytes, wanted: tuple[str, ...]) -> str | None:
    """Say what separates the names of a header, if it is no comma and one of them is wanted."""
    text = header.decode("utf-8", "replace")
    for separator, words in _SEPARATORS.items():
        if {name.strip().strip('"') for name in text.split(separator)} & set(wanted) and separator in text:
            return f"has its fields between {words}; write it with commas"
    return None
