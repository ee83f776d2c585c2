"""Requirements files to Poetry: a plan first, a ledger of every line, a backup, and a proof afterwards.

Enter the requirements files of a project and what else tells of it; leaves an edited ``pyproject.toml``, a lock that
keeps the versions that were pinned, and a :class:`~accelinstall.migration.ledger.Ledger` in which every line ends as
exactly one thing.  The files themselves stay.  It refuses to run any code of the project.
"""
