"""The options that several commands share: types for Typer, each with its help text."""
from pathlib import Path
from typing import Annotated

import typer

Experiment = Annotated[str, typer.Option(help="Name of the experiment: its file is CONFIGS/experiments/NAME.yml.")]
Configs = Annotated[
    Path, typer.Option(help="Folder with experiments/ and corpora/; corpora that it lacks are the project's.")
]
Corpus = Annotated[Path, typer.Option(help="Folder of the converted corpora.")]
Training = Annotated[Path, typer.Option(help="Folder of the encoders' records and of the models that are kept.")]
Encoder = Annotated[
    str, typer.Option(help="`experiment` (as its file says), `offline`, a Hugging Face name, a folder, or `untrained`.")
]
Metrics = Annotated[Path, typer.Option(help="Folder for results.")]
Seed = Annotated[int, typer.Option(help="Added to every seed of the experiment.")]
Threads = Annotated[int, typer.Option(help="CPU threads.")]
GpuId = Annotated[int, typer.Option(help="The GPU to use; -1 for the CPU.")]
Executor = Annotated[
    str, typer.Option(help="What carries runs out: `local` (processes of this machine), `inline` (one), or `ray`.")
]
Workers = Annotated[str, typer.Option(help="How many runs at a time; `auto`: as many as cores, GPUs and memory allow.")]
Address = Annotated[str, typer.Option(help="Of a Ray cluster; empty: one is started on this machine.")]
GpusPerRun = Annotated[float, typer.Option(help="Share of a GPU that a run gets; 0.5 lets two share one.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print the experiment's settings again.")]
EncoderAssets = Annotated[Path, typer.Option(help="Where the offline and the untrained encoder are kept.")]
Pipeline = Annotated[
    str, typer.Option(help="`experiment` (the pipeline that it ships), a folder, or the name of an installed package.")
]
Texts = Annotated[
    Path, typer.Option(help="Raw texts: a folder, zip archive or file of .txt, .jsonl (`text` in each row) or .spacy.")
]
