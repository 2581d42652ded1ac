"""Execute tasks on a Ray cluster: send code and files to its machines, fetch the results, and repeat lost tasks."""
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

# How often Ray repeats a task after losing its machine or process.
RETRIES = 3
CODE = Path(__file__).parents[2]
# The key of a single file, where a folder has the names of its files.
ITSELF = ""
# Prefix of the folders on a cluster's machines, followed by the process id.
PREFIX = "interlingual-ray-"
Packed = dict[str, bytes]


class Ray:
    """Execute tasks on many machines.

    address (str): Address of the cluster. Empty to start one on this machine.
    workers (Optional[int]): Number of tasks at a time. None for as many as the cluster has room for.
    threads (int): CPU threads per task.
    gpus_per_run (float): Share of a GPU per task. 0 for the CPU.
    RAISES (ProjectError): If Ray is not installed.
    """

    def __init__(self, address: str, workers: Optional[int], threads: int, gpus_per_run: float) -> None:
        self.address = address
        self.workers = workers
        self.threads = threads
        self.gpus_per_run = gpus_per_run
        self._ray = import_ray()

    def execute(
        self, work: Work, tasks: Sequence[Task], on_passes: OnTaskPasses
    ) -> Generator[Ended, None, None]:
        """See `Executor.execute`. Tasks don't report progress while they run."""
        self._connect()
        try:
            yield from self._execute(work, Agenda(tasks))
        finally:
            self._ray.shutdown()

    def _connect(self) -> None:
        # Otherwise, Ray sends usage statistics to its developers.
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
            remedy = "check that `ray status` finds the cluster, or leave --vars.address out"
            where = f"--address {self.address}" if self.address else "--executor ray"
            raise ProjectError(f"no Ray cluster ({reason})", where=where, remedy=remedy) from None

    def _execute(self, work: Work, agenda: Agenda) -> Generator[Ended, None, None]:
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
        """RETURNS (Ended): The outcome of a task. The folder that it wrote is copied to this machine."""
        try:
            ended, packed = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            failure = Failure(f"lost {RETRIES + 1} times on the cluster: {explain_ray(error)}")
            return Ended(task, "", started, time.time(), failure=failure)
        if task.writes and packed:
            with atomic_folder(task.writes) as partial:
                unpack(packed, partial)
        # Not the returned task, which has the paths of the other machine.
        return replace(ended, task=task)


def import_ray() -> Any:
    """RETURNS (module): Ray.
    RAISES (ProjectError): If it isn't installed."""
    try:
        import ray
    except ImportError:
        raise ProjectError("Ray is not installed", remedy="run `pip install -r requirements-ray.txt`") from None
    return ray


def explain_ray(error: Exception) -> str:
    """RETURNS (str): The first line of one of Ray's long error messages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"


class _Shipped:
    """The work and the files in the cluster's memory, each stored once.

    ray (module): Ray.
    work (Work): How to do a task.
    """

    def __init__(self, ray: Any, work: Work) -> None:
        self._ray = ray
        self._folder = Path.cwd()
        self._work = ray.put(work)
        self._files: dict[Path, Any] = {}

    def arguments(self, task: Task) -> tuple[Any, ...]:
        """RETURNS (tuple): Arguments of `_do`. Call this when the tasks before it have written their files."""
        for path in task.reads:
            if path not in self._files:
                self._files[path] = self._ray.put(pack(path))
        references = {path: self._files[path] for path in task.reads}
        # In a list, because otherwise Ray sends the work along with each task.
        return [self._work], task, references, self._folder


def pack(path: Path) -> Packed:
    """RETURNS (dict[str, bytes]): The contents of a file, or of all files in a folder by relative path."""
    if path.is_file():
        return {ITSELF: path.read_bytes()}
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


def unpack(packed: Packed, path: Path) -> None:
    """Write packed contents to a file or a folder."""
    for name, data in packed.items():
        file = path / name if name else path
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(file) as partial:
            partial.write_bytes(data)


def relocate(value: Any, root: Path) -> Any:
    """Move all absolute paths below another root, for use on another machine.

    value (Any): Data classes, tuples and mappings that may contain paths.
    root (Path): The folder that replaces `/`.
    RETURNS (Any): The same data with the new paths. Relative paths don't change.
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

    work (list): A reference to the work.
    task (Task): The task.
    references (Mapping[Path, ObjectRef]): The files to read.
    folder (Path): The project's folder on the machine that hands out tasks.
    gpu_id (int): The GPU to use, among those that Ray makes visible to the process; -1 for the CPU.
    RETURNS (tuple): The outcome of the task, and the folder that it wrote, if any.
    """
    root = _root()
    # This way, relative paths, including those in configs, are the same on both machines.
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
    """Write a file or folder to this machine's disk, unless this process has already done so."""
    if _received.get(path) != reference:
        shutil.rmtree(path, ignore_errors=True)
        unpack(import_ray().get(reference), path)
        _received[path] = reference


@lru_cache(maxsize=1)
def _open(reference: Any, gpu_id: int) -> Work:
    """RETURNS (Work): The work, prepared in this process and cached for the next task."""
    work: Work = import_ray().get(reference)
    work.workspace = relocate(work.workspace, _root())
    work.open(gpu_id)
    return work


@lru_cache(maxsize=1)
def _root() -> Path:
    """RETURNS (Path): A folder for this process's copies, deleted when it ends or when the next process starts."""
    # Ray kills its processes together with their children, so leftovers can only be deleted at the next start.
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if not psutil.pid_exists(int(left.name.removeprefix(PREFIX).partition(".")[0])):
            shutil.rmtree(left, ignore_errors=True)
    root = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}."))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


def _name() -> str:
    return f"{os.uname().nodename}, process {os.getpid()}"
