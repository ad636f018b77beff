"""How a run ends: every fault is one line on standard error and an exit code.

In: the command line to run. Out: the process ends. Exit codes mean what docs/reference/cli.md says; 1 means a campaign
was found and nothing else, so that a job can rely on it.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.text import Text

import stillwatch
from stillwatch.errors import StillwatchError
from stillwatch.report import visible

_TRACEBACK = "STILLWATCH_TRACEBACK"
_FAULT, _INTERRUPTED = 3, 130


def end(run: Callable[[], object]) -> NoReturn:
    """Run the command line, and leave with its exit code.

    What an unexpected fault says may quote the log, so its kind and place are told; the environment variable
    STILLWATCH_TRACEBACK shows all of it.
    """
    code = 0
    with _interruptible() as came:
        try:
            run()
        except BaseException as fault:  # noqa: BLE001 - the command line's door: code 1 would say: a campaign was found
            code = 128 + came[0] if came else _code(fault)
    _leave(code)


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Raise at SIGTERM what Ctrl-C raises, so that what was spilled and half-written goes; give the signals that came.

    What a signal raises inside a query comes out of the engine as another fault, so the signal itself is remembered.
    """
    came: list[int] = []

    def interrupt(number: int, _: object) -> NoReturn:
        came.append(number)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, usual in before.items():
        if usual in (signal.default_int_handler, signal.SIG_DFL):  # else whoever started us has it ignored, as nohup
            signal.signal(number, interrupt)
    try:
        yield came
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)


def _code(fault: BaseException) -> int:
    """Tell of a fault, and give its exit code."""
    if isinstance(fault, SystemExit):
        return _asked_for(fault)
    if isinstance(fault, KeyboardInterrupt):
        return _INTERRUPTED
    if isinstance(fault, StillwatchError):
        _tell(str(fault))
        return fault.exit_code
    if isinstance(fault, OSError):
        where = fault.filename or "standard output or a file"
        _tell(f"{_command()}: {where}: {fault.strerror or fault}", fault)
    else:
        _tell(f"{_command()}: {_ours(fault)}", fault)
    return _FAULT


def _asked_for(asked: SystemExit) -> int:
    """Give the code of an exit; typer and rich also leave with 1 when a pipe is closed, which is no campaign."""
    code = asked.code if isinstance(asked.code, int) else int(asked.code is not None)
    return _FAULT if code == 1 and not isinstance(asked.__context__, typer.Exit) else code


def _command() -> str:
    return " ".join(["stillwatch", *sys.argv[1:2]])


def _ours(fault: BaseException) -> str:
    package = Path(stillwatch.__file__).parent
    frames = [f for f in traceback.extract_tb(fault.__traceback__)[1:] if Path(f.filename).is_relative_to(package)]
    place = f" in {Path(frames[-1].filename).relative_to(package)}:{frames[-1].lineno}" if frames else ""
    said = f"a fault of ours, {type(fault).__name__}{place} of version {stillwatch.__version__}"
    return f"{said}; please report this line (CONTRIBUTING.md says where). {_TRACEBACK}=1 shows more"


def _tell(sentence: str, unexpected: BaseException | None = None) -> None:
    if unexpected is not None and os.environ.get(_TRACEBACK):
        traceback.print_exception(unexpected)
    Console(stderr=True).print(Text.assemble(("error: ", "bold red"), visible(sentence)), soft_wrap=True)


def _leave(code: int) -> NoReturn:
    """Leave; what standard output cannot take is dropped, or Python would complain and exit with 120."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or _FAULT
    sys.exit(code)
