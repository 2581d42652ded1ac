"""Define tasks that take no time, to send to real processes."""
import gc
import os
import resource
import signal
import time
from pathlib import Path
from typing import Any

import torch

from scripts.base.errors import ProjectError

# The server of workers imports this module.
WHILE_IMPORTING = gc.isenabled()


class Chores:
    """Does what its payload names.

    folder (Path): Where it leaves traces: a file for each task begun, and the ids of the processes.
    """

    module = "tests.experiments.executors.work"

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self.workspace = folder
        self.threads = threads

    def open(self, gpu_id: int) -> None:
        if gpu_id == 99:
            raise ProjectError("GPU 99 can't be used")
        torch.set_num_threads(self.threads)
        (self.workspace / f"process-{os.getpid()}").touch()

    def do(self, payload: Any, on_passes: Any) -> Any:
        name, what = payload
        (self.workspace / f"begun-{name}").touch()
        on_passes(1)
        return getattr(self, what)()

    def ok(self) -> str:
        return "done"

    def told(self) -> None:
        raise ProjectError("the file is gone", where="train.spacy", remedy="convert again")

    def broken(self) -> None:
        secret = "Ivan Petrov"
        raise ValueError("bad \x1b[31m value", len(secret))

    def greedy(self) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes")

    def killed(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def hungry(self) -> None:
        """Allocate more than this process may have, until Python says so."""
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 10**8, resource.RLIM_INFINITY))
        print(len([bytearray(10**7) for _ in range(10**6)]))

    def starved(self) -> None:
        """End as a library does that gets no memory and does not look."""
        signal.signal(signal.SIGABRT, signal.SIG_DFL)
        os.abort()

    def company(self) -> None:
        """Wait for another task to begin."""
        while len(list(self.workspace.glob("begun-*"))) < 2:
            time.sleep(0.05)

    def slow(self) -> None:
        time.sleep(60)

    def counted(self) -> dict[str, Any]:
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TOKENIZERS_PARALLELISM")
        parent_threads = len(list(Path(f"/proc/{os.getppid()}/task").iterdir()))
        return {
            "torch": torch.get_num_threads(),
            "parent_threads": parent_threads,
            "is_garbage_collected": (WHILE_IMPORTING, gc.isenabled()),
            **{name: os.environ[name] for name in names},
        }
