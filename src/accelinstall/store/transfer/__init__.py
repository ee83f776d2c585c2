"""A wheel file brought over the network: how many connections, in which parts, from which byte on.

Enters: one address and what the file must be.  Leaves: its bytes, in order or in a file.  Refuses to know what is in
it.
"""
