"""The test kit: wheels made on the spot and a loopback package index that can misbehave.

Enter: names, contents, faults.  Leave: real wheel files and a real HTTP server that counts what it was asked.  It knows
nothing of how accelinstall reads either, so it can also test other installers.
"""

from accelinstall.testing.archives import Member, make_sdist, make_wheel
from accelinstall.testing.faults import Fault
from accelinstall.testing.server import IndexServer, ServedRequest

__all__ = ["Fault", "IndexServer", "Member", "ServedRequest", "make_sdist", "make_wheel"]
