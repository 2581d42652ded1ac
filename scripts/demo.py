"""Serve a page on this machine to try pipelines, and a REST endpoint next to it."""
import socket
from pathlib import Path
from typing import Sequence

import uvicorn
from wasabi import msg

from scripts.annotation.pipelines import load_pipeline
from scripts.base import command
from scripts.base.command import option
from scripts.base.errors import ProjectError
from scripts.base.locks import locked
from scripts.base.options import Configs, Corpus, Encoder, Experiment, GpuId, Metrics, Seed, Threads, Training
from scripts.encoders.record import AS_NAMED
from scripts.experiments.device import use_device
from scripts.shipping.demo.app import make_app
from scripts.shipping.raw_text import OF_EXPERIMENT, find_source, folders_of

HOST = "127.0.0.1"
# The folders of a pipeline in the output of `spacy train`.
WRITTEN_BY_TRAIN = ("model-last", "model-best")


def main(
    # fmt: off
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    encoder: Encoder = AS_NAMED,
    metrics: Metrics = Path("metrics"),
    seed: Seed = 0,
    threads: Threads = 1,
    gpu_id: GpuId = -1,
    pipeline: str = option(
        OF_EXPERIMENT,
        "Pipelines to show side by side, separated by commas: `experiment`, folders, names of installed packages.",
    ),
    port: int = option(8000, "Port to listen on; only this machine can connect."),
    # fmt: on
) -> None:
    """Serve a page on this machine to try pipelines, and a REST endpoint next to it. Ctrl-C ends it."""
    names = [name.strip() for name in pipeline.split(",") if name.strip()]
    if not names:
        raise ProjectError("no pipeline", where="--pipeline", remedy=f"name some, or `{OF_EXPERIMENT}`")
    with listen(port) as listening:
        use_device(threads, gpu_id)
        pipelines = {}
        for name, shown in short_names(names).items():
            source = find_source(
                name, experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder
            )
            with locked(read=folders_of(name, training, experiment)):
                pipelines[shown] = load_pipeline(source)
        config = uvicorn.Config(make_app(pipelines), log_level="critical", access_log=False, lifespan="off")
        msg.good(f"Open http://{HOST}:{listening.getsockname()[1]} in a browser. Ctrl-C ends the demo")
        uvicorn.Server(config).run(sockets=[listening])


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Name pipelines on the page.

    names (Sequence[str]): Folders and names of packages.
    RETURNS (dict[str, str]): For each what is shown: of a folder, its last part that tells it apart.
    """
    parts = {name: [part for part in Path(name).parts if part not in WRITTEN_BY_TRAIN] for name in names}
    last = {name: part[-1] if part else name for name, part in parts.items()}
    return {name: shown if list(last.values()).count(shown) == 1 else name for name, shown in last.items()}


def listen(port: int) -> socket.socket:
    """Reserve a port, before anything is loaded.

    port (int): Its number; 0 is any that is free.
    RETURNS (socket.socket): Bound to it, for this machine only.
    RAISES (ProjectError): If there is no such port, or another program uses it.
    """
    if not 0 <= port <= 65535:
        raise ProjectError(f"there is no port {port}", where="--port", remedy="give a number from 1024 to 65535")
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        # Who connects before the server runs waits for it.
        listening.listen()
    except OSError as error:
        listening.close()
        what = f"port {port} can't be used ({error.strerror})"
        raise ProjectError(what, where="--port", remedy=f"give another one, such as {port + 1}") from error
    return listening


if __name__ == "__main__":
    command.run(main)
