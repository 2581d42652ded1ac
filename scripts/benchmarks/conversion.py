"""Time the conversion of corpora."""
from pathlib import Path

from scripts.benchmarks.material import Material
from scripts.benchmarks.measure import Measurement, measured, stopwatch
from scripts.corpora.conversion import convert_corpus
from scripts.corpora.settings import read_corpus_settings
from scripts.experiments.settings import corpus_file, read_experiment


def convert(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): Reading, harmonizing, splitting and packing all corpora of the experiment."""
    configs = Path(material.configs)
    names = read_experiment(configs, material.experiment).corpora
    settings = {name: read_corpus_settings(corpus_file(configs, name)) for name in names}
    with stopwatch() as watch:
        converted = [convert_corpus(name, corpus) for name, corpus in settings.items()]
    sentences = sum(part.sentences for corpus in converted for part in corpus.manifest.splits.values())
    return [measured("conversion", sentences, "sentences", watch)]
