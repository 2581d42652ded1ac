"""Transfer biomedical NER between languages, with a module per command and packages that follow the data."""
import sys

from scripts.base import signals

# `python -m` imports this package before the command, which takes seconds to import.
if sys.argv[:1] == ["-m"]:
    signals.watch()

    from scripts.base.garbage import starts_command, stop_collecting
    from scripts.base.weasel import end_with_weasel

    if starts_command(sys.orig_argv):
        stop_collecting()
    end_with_weasel()
