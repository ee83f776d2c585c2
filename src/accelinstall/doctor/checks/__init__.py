"""What is judged, by value: evidence in, remarks out; each check's rule is the one that explains it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from accelinstall.doctor.checks.environment import check_containers, check_environment, check_separation
from accelinstall.doctor.checks.images import check_images
from accelinstall.doctor.checks.locks import check_locks, check_pins
from accelinstall.doctor.checks.poetry import check_commands, check_settings, check_versions
from accelinstall.doctor.checks.python import check_pythons
from accelinstall.doctor.checks.registry import CHECKS, Check, Remark, remark
from accelinstall.doctor.checks.sources import check_mirror, check_secrets, check_tensorflow
from accelinstall.doctor.evidence import Evidence

__all__ = ["ALL", "CHECKS", "Check", "Remark", "remark"]

ALL: tuple[Callable[[Evidence], Iterator[Remark]], ...] = (
    check_environment,
    check_separation,
    check_versions,
    check_commands,
    check_settings,
    check_pythons,
    check_locks,
    check_pins,
    check_images,
    check_secrets,
    check_tensorflow,
    check_mirror,
    check_containers,
)
