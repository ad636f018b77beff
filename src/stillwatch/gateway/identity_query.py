"""Who stands behind keys and accounts, asked of a database by the operator's own query.

In: a query whose columns are called as those of `tables.IDENTITY`. Out: JSON lines that --identity takes.
"""

import json
from pathlib import Path

from stillwatch.errors import InputError, UsageError
from stillwatch.gateway.database import reading
from stillwatch.tables import IDENTITY
from stillwatch.whole import write_whole

_REQUIRED = "account_id"


def pull_identity(url: str, query: str, out: Path) -> int:
    """Write the rows of a query as a file of identities; give how many there are.

    Raises:  UsageError: the query gives no account_id or a column of another name.
             InputError: the database cannot be read, or the file cannot be written.
    """
    with reading(url, "the database") as held:
        answered = held.execute(query)
        names = [column.name for column in answered.description or ()]
        unknown = sorted(set(names) - set(IDENTITY.names))
        if _REQUIRED not in names or unknown:
            wrong = f"columns that no identity has: {', '.join(unknown)}" if unknown else f"no column {_REQUIRED}"
            raise UsageError(f"the query gives {wrong}; rename them with AS, see docs/reference/tables.md")
        rows = [row for row in answered if row[_REQUIRED] is not None]
    try:
        write_whole(out, b"".join(json.dumps(row, default=str, ensure_ascii=False).encode() + b"\n" for row in rows))
    except OSError as fault:
        raise InputError(f"{out}: cannot be written ({fault.strerror})") from fault
    return len(rows)
