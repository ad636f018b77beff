"""The page of `real_groups.py`."""


def page(logs: list[tuple[str, list[str]]], actors: list[str]) -> str:
    return "\n".join([str(logs), *[line for _, rows in logs for line in rows], *actors])
