"""Test Ray: the error where it is missing, how files travel, and a cluster of two nodes of which one is killed."""
import importlib.util
import sys
import threading
import time
from pathlib import Path

import pytest

from scripts.base.errors import ProjectError
from scripts.experiments.execute import execute_kind
from scripts.experiments.executors.ray import pack, relocate, unpack
from scripts.experiments.executors.registry import choose_executor
from scripts.experiments.plan import Run
from scripts.results.kinds import FEW_SHOT, IN_CORPUS
from tests.experiments.executors.left import predictions_of
from tests.experiments.tiny import open_project

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install -r requirements-ray.txt"
)


def test_without_ray_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ProjectError) as error:
        choose_executor("ray", "auto", "", 1, -1)
    assert str(error.value) == "Ray is not installed. Run `pip install -r requirements-ray.txt`"


def test_a_folder_and_a_file_arrive_as_they_were(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_bytes(b"\x00\xff")
    (tmp_path / "a" / "d").write_bytes(b"")
    unpack(pack(tmp_path / "a"), tmp_path / "copy")
    assert pack(tmp_path / "copy") == pack(tmp_path / "a") == {"b/c": b"\x00\xff", "d": b""}
    unpack(pack(tmp_path / "a" / "d"), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b""


def test_every_fixed_path_of_an_experiment_is_another_on_another_machine(workspace):
    moved = relocate(workspace, Path("/elsewhere"))
    assert str(workspace.metrics.parent) in repr(workspace)
    left = repr(moved).replace("/elsewhere/", "<moved>")
    assert f"'{workspace.metrics.parent}" not in left and f"/elsewhere{workspace.metrics}" in repr(moved)
    assert moved.experiment == workspace.experiment
    assert relocate(Path("corpus"), Path("/elsewhere")) == Path("corpus")
    assert relocate(Run("in-corpus", "en", 0), Path("/elsewhere")) == Run("in-corpus", "en", 0)


@pytest.fixture()
def cluster():
    """RETURNS (Cluster): One node that hands out and works, and one that works."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield made
    made.shutdown()


def kill_when(condition, cluster, node, killed):
    def watch():
        while not condition():
            time.sleep(0.1)
        killed.append(time.time())
        cluster.remove_node(node, allow_graceful=False)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


@needs_ray
def test_a_grid_loses_no_run_when_a_machine_is_lost(project, finished_project, cluster):
    node = cluster.add_node(num_cpus=1)
    workspace, killed = open_project(project), []
    chosen = choose_executor("ray", "auto", cluster.address, 1, -1)
    watcher = kill_when(lambda: len(list(workspace.runs.glob("*.json"))) >= 3, cluster, node, killed)
    execute_kind(workspace, FEW_SHOT, chosen)
    watcher.join()
    assert killed and any(path.stat().st_mtime > killed[0] for path in workspace.runs.glob("*.json"))
    execute_kind(workspace, IN_CORPUS, chosen)
    expected = predictions_of(finished_project)
    assert predictions_of(project) == {name: data for name, data in expected.items() if not name.startswith("zero")}
