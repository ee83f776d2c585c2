"""One project compared across the machine, Docker and CI.

In: a project's folder and the machine.  Out: a :class:`Diagnosis`, which is one table of facts by place and findings
with the edits that mend them, as :class:`~accelinstall.model.edits.FileEdit`.  Readers are pure (text -> facts with
lines), checks are pure (evidence -> remarks); ``gathering``, ``local`` and ``engine`` are the hands, ``story`` joins
them.  It refuses to know how anything is shown, and to change what nobody agreed to.
"""

from accelinstall.doctor.checks import CHECKS, Check
from accelinstall.doctor.evidence import Snapshot
from accelinstall.doctor.examination import Diagnosis, examine, mend
from accelinstall.doctor.facts import Fact
from accelinstall.doctor.sarif import sarif_document
from accelinstall.doctor.story import diagnose, look, make_environment
from accelinstall.doctor.wrapper import WRAPPER, wrapper_edit

__all__ = [
    "CHECKS",
    "WRAPPER",
    "Check",
    "Diagnosis",
    "Fact",
    "Snapshot",
    "diagnose",
    "examine",
    "look",
    "make_environment",
    "mend",
    "sarif_document",
    "wrapper_edit",
]
