"""Interlingual transfer for biomedical NER: one module per command, over rooms that follow the data."""
import sys

from scripts.base import signals

# `python -m` finds this package before it imports the command, whose imports take seconds.
if sys.argv[:1] == ["-m"]:
    signals.watch()

    from scripts.base.weasel import end_with_weasel

    end_with_weasel()
