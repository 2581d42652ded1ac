"""Define the options that several commands share, as types for Typer with their help texts."""
from pathlib import Path
from typing import Annotated

import typer

Experiment = Annotated[str, typer.Option(help="Name of the experiment, as in CONFIGS/experiments/NAME.yml.")]
Configs = Annotated[
    Path, typer.Option(help="Folder with experiments/ and corpora/. The project's own corpora can be left out.")
]
Corpus = Annotated[Path, typer.Option(help="Folder of the converted corpora.")]
Training = Annotated[Path, typer.Option(help="Folder for encoder records and saved models.")]
Encoder = Annotated[
    str, typer.Option(help="`experiment` (as in its file), `offline`, a Hugging Face name, a folder, or `untrained`.")
]
Metrics = Annotated[Path, typer.Option(help="Folder for results.")]
Seed = Annotated[int, typer.Option(help="Number to add to every seed of the experiment.")]
Threads = Annotated[int, typer.Option(help="CPU threads.")]
GpuId = Annotated[int, typer.Option(help="GPU to use, or -1 for the CPU.")]
Executor = Annotated[
    str, typer.Option(help="Where to execute runs: `local` (a process pool), `inline` (this process) or `ray`.")
]
Workers = Annotated[
    str, typer.Option(help="Processes at a time, or `auto` for as many as cores, GPUs and memory allow.")
]
Address = Annotated[str, typer.Option(help="Address of a Ray cluster. If empty, Ray is started on this machine.")]
GpusPerRun = Annotated[float, typer.Option(help="Share of a GPU per run. With 0.5, two runs share a GPU.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print the experiment's settings again.")]
EncoderAssets = Annotated[Path, typer.Option(help="Folder for the offline and the untrained encoder.")]
Pipeline = Annotated[
    str, typer.Option(help="`experiment` (the pipeline it ships), a folder, or the name of an installed package.")
]
Texts = Annotated[
    Path, typer.Option(help="Raw texts: a folder, zip archive or file of .txt, .jsonl (`text` in each row) or .spacy.")
]
