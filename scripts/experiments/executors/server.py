"""Prepare the server that workers are forked from: it ends when the process that started it has ended.

The server imports this first: the libraries take seconds to import, and it couldn't notice anything meanwhile.
"""
import os

from scripts.base.garbage import stop_collecting
from scripts.base.parent import end_with_parent

STARTED_BY = "WORKERS_STARTED_BY"

if STARTED_BY in os.environ:
    stop_collecting()
    end_with_parent(int(os.environ.pop(STARTED_BY)))
