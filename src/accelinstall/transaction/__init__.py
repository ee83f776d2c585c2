"""What has to change so that an environment becomes what a lock says.

Enters an :class:`~accelinstall.model.installation.Inventory` and a :class:`~accelinstall.model.lock.Lock`; leaves a
:class:`~accelinstall.model.installation.Transaction`: data that can be shown, tested and executed.  Refuses to know
where the environment is and how files get there.
"""

from accelinstall.transaction.difference import PROTECTED, apply, diff, is_same

__all__ = ["PROTECTED", "apply", "diff", "is_same"]
