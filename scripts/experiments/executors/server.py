"""End the server that workers are forked from with the process that has started it.

The server imports this before all else: the libraries take it seconds, in which it would look for no sign of life.
"""
import os

from scripts.base.parent import end_with_parent

STARTED_BY = "WORKERS_STARTED_BY"

if STARTED_BY in os.environ:
    end_with_parent(int(os.environ.pop(STARTED_BY)))
