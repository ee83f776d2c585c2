"""Whether what was installed really computes.

Enter an interpreter, the names of frameworks and the target they were chosen for; leaves one
:class:`~accelinstall.model.installation.Proof` per framework.  Each framework is imported by a child process of the
interpreter, so that nothing it does (a crash, a hang, gigabytes of memory) happens here.  Refuses to know how the
packages got there and what the hardware ought to be able to do.
"""

from accelinstall.proof.proving import module_of, prove
from accelinstall.proof.remembering import fresh_proof, write_proof

__all__ = ["fresh_proof", "module_of", "prove", "write_proof"]
