"""Everything that can go wrong for a user, each with what, where and how to fix it.

In: the stage that met the fault. Out: exceptions for `cli`, which prints them without a stack trace and
exits with `exit_code`. Messages never contain prompt text or secrets.
"""

from typing import ClassVar


class StillwatchError(Exception):
    """A fault the user can mend; the message says what, where and how."""

    exit_code: ClassVar[int] = 3


class InputError(StillwatchError):
    """An input file cannot be read at all: missing, empty, of no known format, or without a required column."""


class SettingsError(StillwatchError):
    """A settings, policy or scenario file holds a value outside its documented range."""

    exit_code = 2


class UsageError(StillwatchError):
    """The command line asks for something impossible, such as an output folder that is a file."""

    exit_code = 2


class EngineError(StillwatchError):
    """The engine could not finish: disk full, memory limit too small, or an expression it cannot run."""
