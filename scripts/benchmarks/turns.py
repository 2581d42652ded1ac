"""Measure every peer in a process of its own, taking turns several times."""
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

from scripts.base.errors import ProjectError
from scripts.base.exits import explain_exit
from scripts.base.files import read_json
from scripts.base.parent import tethered
from scripts.base.progress import progress
from scripts.benchmarks.measure import Measurement
from scripts.benchmarks.peers import Peer


@dataclass(frozen=True)
class Result:
    """A measurement of a peer.

    peer (str): The peer's name.
    turn (int): Number of the turn, starting at 0.
    measurement (Measurement): The measurement.
    """

    peer: str
    turn: int
    measurement: Measurement


def measure_in_turn(peers: Sequence[Peer], turns: int, folder: Path, threads: int) -> list[Result]:
    """Measure every peer once per turn, so that other load on the machine affects all of them.

    peers (Sequence[Peer]): The peers. Each turn starts with another one.
    turns (int): Number of turns.
    folder (Path): Folder of the material, also used for the workers' output.
    threads (int): CPU threads per worker.
    RETURNS (list[Result]): The measurements, in order of time.
    RAISES (ProjectError): If a worker fails.
    """
    results = []
    with progress(turns * len(peers), "run") as bar:
        for turn in range(turns):
            first = turn % len(peers)
            for peer in [*peers[first:], *peers[:first]]:
                bar.set_description(peer.name)
                results += [Result(peer.name, turn, found) for found in measure(peer, folder, threads)]
                bar.update()
    return results


def measure(peer: Peer, folder: Path, threads: int) -> list[Measurement]:
    """RETURNS (list[Measurement]): The measurements of a peer, made by a worker process."""
    output = folder / "measurements.json"
    output.unlink(missing_ok=True)
    command = [sys.executable, "-B", "-m", "scripts.benchmarks.worker", peer.function, str(folder), str(output)]
    surroundings = {**os.environ, **environment(threads)}
    finished = subprocess.run(tethered(command), env=surroundings, capture_output=True, text=True)
    if finished.returncode:
        lines = [line for line in finished.stderr.splitlines() if line.strip()]
        reason = lines[-1] if lines else explain_exit(finished.returncode)
        raise ProjectError(f"{peer.name} ({peer.function}) failed: {reason}")
    return [Measurement(**found) for found in read_json(output)]


def environment(threads: int) -> dict[str, str]:
    """RETURNS (dict[str, str]): Environment variables that set the threads of all libraries, and keep them offline."""
    counts = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), str(threads))
    return {**counts, "TOKENIZERS_PARALLELISM": "false" if threads == 1 else "true", "HF_HUB_OFFLINE": "1"}
