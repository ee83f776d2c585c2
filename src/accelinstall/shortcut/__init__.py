"""What an earlier run found out, taken up by a later one without asking again.

Enter a command line and what lies on disk; leaves the text of a run that need not be made in full, or nothing: then the
whole story is told as ever.  Two things are remembered below the cache folder: that a command had nothing to do, with
everything that was read to know it (:mod:`~accelinstall.shortcut.nothing`), and how the files of a lock are laid out
in an environment that is new (:mod:`~accelinstall.shortcut.outline`).

Modules that are read on the way import the standard library's cheapest parts and nothing else: ``typing``,
``dataclasses``, ``re``, ``json`` and ``contextlib`` together cost more than the whole of this.
"""
