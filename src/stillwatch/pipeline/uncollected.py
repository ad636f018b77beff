"""Work during which Python looks for no cycles of dead objects: it would walk all the small values of a report anew
for every few thousand more, several seconds of the hour on top of 30 million exchanges.

In: a function. Out: the same, but what cycles hold on to is let go after it.
"""

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


def uncollected(work: Callable[Given, Result]) -> Callable[Given, Result]:
    """Have the collector of cycles rest meanwhile, if it is at work."""

    @wraps(work)
    def resting(*given: Given.args, **named: Given.kwargs) -> Result:
        at_work = gc.isenabled()
        gc.disable()
        try:
            return work(*given, **named)
        finally:
            if at_work:
                gc.enable()

    return resting
