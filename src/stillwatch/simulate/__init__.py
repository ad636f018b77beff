"""Labelled traffic with campaigns and innocent twins, written as log files only.

In: a `Scenario`, a seed and a `PromptPool`. Out: exchanges, accounts and labels under one folder. No request is ever
sent to a model. Read `scenario` first, then `simulation` for the order of the steps; docs/why/simulator.md says what
is real and what is drawn.
"""

from stillwatch.simulate.axes import Axis, Point, at, axes, axis_of
from stillwatch.simulate.pool import PromptPool, Sources, load_pool
from stillwatch.simulate.scenario import Operator, Scenario, Twin, load_scenario
from stillwatch.simulate.simulation import Simulated, simulate

__all__ = [
    "Axis",
    "Operator",
    "Point",
    "PromptPool",
    "Scenario",
    "Simulated",
    "Sources",
    "Twin",
    "at",
    "axes",
    "axis_of",
    "load_pool",
    "load_scenario",
    "simulate",
]
