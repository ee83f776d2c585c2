"""What holds for every test."""

from __future__ import annotations

import signal

# A shell that starts this in the background lets its children ignore Ctrl-C; the tests that send one need it heard.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
