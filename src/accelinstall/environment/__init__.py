"""The Python environment that packages are for.

Enter the project's folder, the command line's wishes and the process environment; leave an
:class:`~accelinstall.environment.planning.EnvironmentPlan` (nothing is made before it is opened), an
:class:`~accelinstall.model.installation.Interpreter` and an :class:`~accelinstall.model.installation.Inventory`.
Refuses to know which packages should be there and how they get there.
"""

from accelinstall.environment.errors import (
    BrokenEnvironment,
    EnvironmentNotMade,
    ExternallyManaged,
    ForeignEnvironment,
    InterpreterBroken,
    InterpreterMissing,
    NotAnEnvironment,
    PoetrySettingsUnreadable,
    PythonMismatch,
    ReadOnlyEnvironment,
)
from accelinstall.environment.interpreter import describe
from accelinstall.environment.inventory import read_inventory
from accelinstall.environment.opening import (
    ensure_fits,
    ensure_makeable,
    ensure_usable,
    find_interpreter,
    open_environment,
)
from accelinstall.environment.planning import EnvironmentPlan, plan_environment
from accelinstall.environment.venv import create_venv

__all__ = [
    "BrokenEnvironment",
    "EnvironmentNotMade",
    "EnvironmentPlan",
    "ExternallyManaged",
    "ForeignEnvironment",
    "InterpreterBroken",
    "InterpreterMissing",
    "NotAnEnvironment",
    "PoetrySettingsUnreadable",
    "PythonMismatch",
    "ReadOnlyEnvironment",
    "create_venv",
    "describe",
    "ensure_fits",
    "ensure_makeable",
    "ensure_usable",
    "find_interpreter",
    "open_environment",
    "plan_environment",
    "read_inventory",
]
