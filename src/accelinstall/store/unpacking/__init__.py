"""A wheel judged and laid out as a folder, from a file, from memory or while it arrives.

Enters: bytes that can be read by position, or in order.  Leaves: files that agree with RECORD, and a manifest, or the
rule that the wheel breaks.
"""
