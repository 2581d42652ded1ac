"""Every peer in a process of its own, all of them in turn, several times over."""
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
    """A measurement, and whose it is.

    peer (str): The peer's name.
    turn (int): From 0.
    measurement (Measurement): What was measured.
    """

    peer: str
    turn: int
    measurement: Measurement


def measure_in_turn(peers: Sequence[Peer], turns: int, folder: Path, threads: int) -> list[Result]:
    """Measure every peer once a turn, so that what else the machine does falls on all of them.

    peers (Sequence[Peer]): Who is measured; each turn begins with another one.
    turns (int): How often.
    folder (Path): The material; files that a worker leaves go there.
    threads (int): CPU threads of every worker.
    RETURNS (list[Result]): In the order of time.
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
    """RETURNS (list[Measurement]): What a worker process measured of a peer."""
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
    """RETURNS (dict[str, str]): What holds every library to the same number of threads, and off the network."""
    counts = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), str(threads))
    return {**counts, "TOKENIZERS_PARALLELISM": "false" if threads == 1 else "true", "HF_HUB_OFFLINE": "1"}
