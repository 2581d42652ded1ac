"""Do tasks on a Ray cluster: send code and files to its machines, fetch what they made, and repeat what was lost."""
import atexit
import os
import shutil
import tempfile
import time
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Generator, Mapping, Optional, Sequence

import psutil

from scripts.base.errors import ProjectError
from scripts.base.files import atomic_file, atomic_folder
from scripts.experiments.executors.schedule import Agenda
from scripts.experiments.executors.task import Ended, Failure, OnTaskPasses, Task, Work, explain, try_task
from scripts.experiments.executors.worker import thread_variables

# How often Ray begins a task again whose machine or process was lost.
RETRIES = 3
CODE = Path(__file__).parents[2]
# What stands for a file by itself, among those of a folder.
ITSELF = ""
# Of folders on the machines of a cluster; the number of the process follows.
PREFIX = "interlingual-ray-"
Packed = dict[str, bytes]


class Ray:
    """The executor that uses many machines.

    address (str): Of the cluster; empty for one that is started on this machine.
    workers (Optional[int]): How many tasks at a time; None for as many as the cluster has room for.
    threads (int): CPU threads of each.
    gpus_per_run (float): Share of a GPU that a task gets; 0 for the CPU.
    RAISES (ProjectError): If Ray is not installed.
    """

    def __init__(self, address: str, workers: Optional[int], threads: int, gpus_per_run: float) -> None:
        self.address = address
        self.workers = workers
        self.threads = threads
        self.gpus_per_run = gpus_per_run
        self._ray = import_ray()

    def carry_out(
        self, work: Work, tasks: Sequence[Task], on_passes: OnTaskPasses
    ) -> Generator[Ended, None, None]:
        """See `Executor.carry_out`. Of a task that is under way nothing is heard."""
        self._connect()
        try:
            yield from self._carry_out(work, Agenda(tasks))
        finally:
            self._ray.shutdown()

    def _connect(self) -> None:
        # Ray would send statistics on its use to its makers.
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        variables = {**thread_variables(self.threads), "RAY_USAGE_STATS_ENABLED": "0"}
        try:
            self._ray.init(
                address=self.address or "local",
                runtime_env={"py_modules": [str(CODE)], "env_vars": variables},
                logging_level="error",
                log_to_driver=False,
                **({} if self.address else {"include_dashboard": False}),
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())
            remedy = "see that `ray status` finds the cluster, or leave --vars.address out"
            raise ProjectError(f"no Ray cluster ({reason})", where=f"address {self.address}", remedy=remedy) from None

    def _carry_out(self, work: Work, agenda: Agenda) -> Generator[Ended, None, None]:
        shipped = _Shipped(self._ray, work)
        submit = self._ray.remote(
            num_cpus=self.threads, num_gpus=self.gpus_per_run, max_retries=RETRIES, retry_exceptions=False
        )(_do)
        under_way: dict[Any, tuple[Task, float]] = {}
        while not agenda.is_over:
            while self.workers is None or len(under_way) < self.workers:
                task = agenda.take()
                if task is None:
                    break
                gpu_id = 0 if self.gpus_per_run else -1
                under_way[submit.remote(*shipped.arguments(task), gpu_id)] = task, time.time()
            (reference, *_), _ = self._ray.wait(list(under_way), num_returns=1)
            yield from agenda.end(self._fetch(reference, *under_way.pop(reference)))

    def _fetch(self, reference: Any, task: Task, started: float) -> Ended:
        """RETURNS (Ended): What became of a task; the folder that it left is there."""
        try:
            ended, packed = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            failure = Failure(f"lost {RETRIES + 1} times on the cluster: {explain_ray(error)}")
            return Ended(task, "", started, time.time(), failure=failure)
        if task.writes and packed:
            with atomic_folder(task.writes) as partial:
                unpack(packed, partial)
        # Not the task that came back, whose paths are those of the other machine.
        return replace(ended, task=task)


def import_ray() -> Any:
    """RETURNS (module): Ray.
    RAISES (ProjectError): If it is not installed."""
    try:
        import ray
    except ImportError:
        raise ProjectError("Ray is not installed", remedy="run `pip install -r requirements-ray.txt`") from None
    return ray


def explain_ray(error: Exception) -> str:
    """RETURNS (str): The first line of what Ray tells of an error, which is long."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"


class _Shipped:
    """What is in the cluster's memory: how tasks are done, and the files that they read, each once.

    ray (module): Ray.
    work (Work): How tasks are done.
    """

    def __init__(self, ray: Any, work: Work) -> None:
        self._ray = ray
        self._folder = Path.cwd()
        self._work = ray.put(work)
        self._files: dict[Path, Any] = {}

    def arguments(self, task: Task) -> tuple[Any, ...]:
        """RETURNS (tuple): What `_do` is given. The files of a task are read now: those before it have left theirs."""
        for path in task.reads:
            if path not in self._files:
                self._files[path] = self._ray.put(pack(path))
        references = {path: self._files[path] for path in task.reads}
        # In a list: Ray would send the work along with each task.
        return [self._work], task, references, self._folder


def pack(path: Path) -> Packed:
    """RETURNS (dict[str, bytes]): A file, or all files of a folder by their names in it."""
    if path.is_file():
        return {ITSELF: path.read_bytes()}
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


def unpack(packed: Packed, path: Path) -> None:
    """Write what was packed as a file or a folder of this name."""
    for name, data in packed.items():
        file = path / name if name else path
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(file) as partial:
            partial.write_bytes(data)


def relocate(value: Any, root: Path) -> Any:
    """Let everything that lies in a fixed place on one machine lie below a folder of another.

    value (Any): Data classes, tuples and mappings that may hold paths.
    root (Path): What stands for `/`.
    RETURNS (Any): The same with other absolute paths; relative ones are left.
    """
    if isinstance(value, Path):
        return root / value.relative_to(value.anchor) if value.is_absolute() else value
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: relocate(getattr(value, one.name), root) for one in fields(value)})
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(relocate(one, root) for one in value)
    if isinstance(value, Mapping):
        return {key: relocate(one, root) for key, one in value.items()}
    return value


def _do(
    work: list[Any], task: Task, references: Mapping[Path, Any], folder: Path, gpu_id: int
) -> tuple[Ended, Optional[Packed]]:
    """Do a task on a machine of the cluster.

    work (list): The reference of how tasks are done.
    task (Task): The task.
    references (Mapping[Path, ObjectRef]): The files that it reads.
    folder (Path): The project's folder on the machine that hands tasks out.
    gpu_id (int): The GPU to use, of those that Ray lets the process see; -1 for the CPU.
    RETURNS (tuple): The task as it ended, and the folder that it left, if any.
    """
    root = _root()
    # Relative paths are the same on both machines then, and so are configs that hold them.
    place = relocate(folder, root)
    place.mkdir(parents=True, exist_ok=True)
    os.chdir(place)
    for path, reference in references.items():
        _receive(relocate(path, root), reference)
    try:
        opened = _open(work[0], gpu_id)
    except Exception as error:
        now = time.time()
        return Ended(task, _name(), now, now, failure=explain(error)), None
    ended = try_task(opened, relocate(task, root), lambda passes: None, _name())
    writes = relocate(task.writes, root)
    return ended, pack(writes) if writes and not ended.failure else None


_received: dict[Path, Any] = {}


def _receive(path: Path, reference: Any) -> None:
    """Write a file or folder to this machine's disk, if this process has not done so yet."""
    if _received.get(path) != reference:
        shutil.rmtree(path, ignore_errors=True)
        unpack(import_ray().get(reference), path)
        _received[path] = reference


@lru_cache(maxsize=1)
def _open(reference: Any, gpu_id: int) -> Work:
    """RETURNS (Work): How tasks are done, ready in this process, which keeps it for the next task."""
    work: Work = import_ray().get(reference)
    work.workspace = relocate(work.workspace, _root())
    work.open(gpu_id)
    return work


@lru_cache(maxsize=1)
def _root() -> Path:
    """RETURNS (Path): A folder for this process's copies, which go when it ends, or at the next start."""
    # Ray kills its processes, and with them all that they have started: what such a one left goes at the next start.
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if not psutil.pid_exists(int(left.name.removeprefix(PREFIX).partition(".")[0])):
            shutil.rmtree(left, ignore_errors=True)
    root = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}."))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


def _name() -> str:
    return f"{os.uname().nodename}, process {os.getpid()}"
