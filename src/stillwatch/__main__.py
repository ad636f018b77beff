"""The installed program, and `python -m stillwatch`: the command line, quiet when interrupted while it loads.

In: the arguments. Out: an exit code. Read `cli` next.
"""

import os
import signal


def main() -> None:
    """Load the command line and run it."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # libraries that load turn the exception into others
    from stillwatch import cli  # noqa: PLC0415 - loading takes a second, in which people press Ctrl-C

    signal.signal(signal.SIGINT, signal.default_int_handler)
    cli.main()


if __name__ == "__main__":
    main()
