"""Ctrl-C for what tests start, however the tests themselves were started."""

from __future__ import annotations

import signal


def heeded() -> None:
    """Takes SIGINT as a terminal's processes do, and so do all children from now on.

    A shell that starts a command in the background, or by `nohup`, has it ignore SIGINT; children inherit that, since
    neither exec nor `subprocess` (`restore_signals`) undoes it, and would not hear a test's Ctrl-C.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
