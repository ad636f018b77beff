"""What a few bytes would become when they are decoded: told before it is, of JSON and of protobuf.

In: bytes that came from outside. Out: whether they hold more parts than anything that a model is sent or says. A part
takes two bytes there and a hundred or more in memory. Whoever decodes bytes of others asks here first.
"""

from functools import lru_cache
from typing import Any

MOST_PARTS = 1_000_000  # separators of JSON: half as many keys, whose objects take a hundred bytes each
MOST_FIELDS = 2_400_000  # of protobuf, a message counting as three: an empty one takes 240 bytes until it is an object
_LONG = 1 << 20  # bytes from which a value is looked at
_MOST_VARINT = 10  # bytes
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


def crowded_json(value: bytes) -> bool:
    """Tell JSON of more than `MOST_PARTS` separators."""
    return len(value) > _LONG and sum(map(value.count, (b",", b":", b"[", b"{"))) > MOST_PARTS


def crowded_message(message: bytes, *shapes: Any) -> bool:
    """Tell a protobuf message of more than `MOST_FIELDS` fields, those of the messages inside it included.

    Damage ends the message that it is in, not the walk: a decoder makes objects of all that stands before it.

    Args:    shapes: descriptors; a field is a message where any of them says so.
    """
    if len(message) <= _LONG:
        return False
    fields, waiting = 0, [(0, len(message), shapes)]
    while waiting:
        at, end, shapes = waiting.pop()
        try:
            while at < end:
                tag, at = _varint(message, at)
                length, start = _extent(message, at, tag & 7)
                at = start + length
                inner = _inside(shapes, tag >> 3) if tag & 7 == _LENGTH and at <= end else ()
                fields += 3 if inner else 1
                if fields > MOST_FIELDS:
                    return True
                if inner:
                    waiting.append((start, at, inner))
        except IndexError:
            continue
    return False


@lru_cache(1_024)
def _inside(shapes: tuple[Any, ...], number: int) -> tuple[Any, ...]:
    """Descriptors of the message that a field is, none where it is no message."""
    named = (shape.fields_by_number.get(number) for shape in shapes)
    return tuple(field.message_type for field in named if field is not None and field.message_type is not None)


def _extent(message: bytes, at: int, kind: int) -> tuple[int, int]:
    """Bytes of a field's content, and where they begin."""
    if kind == _LENGTH:
        return _varint(message, at)
    if kind == _VARINT:
        return 0, _varint(message, at)[1]
    return {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}.get(kind, 0), at


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    number = 0
    for place in range(_MOST_VARINT):
        byte = message[at + place]
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return number, at + place + 1
    raise IndexError
