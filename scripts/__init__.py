"""Transfer biomedical NER between languages, with a module per command and packages that follow the data."""
import gc
import sys

from scripts.base import signals

# `python -m` imports this package before the command, which takes seconds to import.
if sys.argv[:1] == ["-m"]:
    signals.watch()
    # Nothing that is imported becomes garbage, and looking for it takes time. `scripts.base.command` looks again.
    gc.disable()

    from scripts.base.weasel import end_with_weasel

    end_with_weasel()
