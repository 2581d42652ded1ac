"""Set up the process for the tests of signals."""
import signal
from typing import Iterator

import pytest


@pytest.fixture(autouse=True)
def not_started_by_nohup() -> Iterator[None]:
    """A signal that is ignored here is ignored by what is started here, too."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)
