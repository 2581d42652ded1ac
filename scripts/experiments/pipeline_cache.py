"""Load the pipelines that runs start from once per process, and restore their weights for each run."""
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Optional

import torch
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.util import get_sourced_components, resolve_dot_names
from thinc.api import Config, Model, fix_random_seed

from scripts.base.files import file_stamp, hash_data
from scripts.base.garbage import free_unused
from scripts.experiments.config import is_drawn_by_initialize

# Sections that differ from run to run and don't affect the pipeline to start from, apart from the seed.
OF_THE_RUN = ("system", "training", "corpora")


@dataclass(frozen=True)
class CachedPipeline:
    """A pipeline, with its weights before training.

    key (str): Hash of everything that determines the pipeline.
    nlp (Language): The pipeline.
    arrays (list): Copies of the Thinc weights, in the order of `_arrays`.
    parameters (list): Copies of the PyTorch weights, in the order of `_parameters`.
    """

    key: str
    nlp: Language
    arrays: list[Any]
    parameters: list[torch.Tensor]


class PipelineCache:
    """Initialize pipelines for training, like `spacy train`, and cache the last one.

    The next run of the same learning curve gets it with its weights restored, instead of reading the tokenizer, the
    encoder and the source again. If it has weights that only a new pipeline draws, it must also have the same seed.
    """

    def __init__(self) -> None:
        self._kept: Optional[CachedPipeline] = None

    def get(self, config: Config, gpu_id: int) -> Language:
        """Initialize a pipeline for training.

        config (Config): A resolved config.
        gpu_id (int): The GPU to use; -1 for the CPU.
        RETURNS (Language): The pipeline. The previously returned one must not be used any more.
        RAISES (ValueError): If spaCy rejects the config.
        """
        key = _key(config, gpu_id)
        if self._kept and self._kept.key == key:
            return _again(self._kept, config)
        # Two pipelines at a time need twice the memory.
        self.forget()
        nlp = init_nlp(config, use_gpu=gpu_id)
        arrays = [node.get_param(name).copy() for node, name in _arrays(nlp)]
        self._kept = CachedPipeline(key, nlp, arrays, [parameter.detach().clone() for parameter in _parameters(nlp)])
        return nlp

    def forget(self) -> None:
        """Free the memory of the last pipeline. It has reference cycles, so this needs the garbage collector."""
        self._kept = None
        free_unused()


class NoCache(PipelineCache):
    """Initialize a new pipeline for each training, without a copy of its weights."""

    def get(self, config: Config, gpu_id: int) -> Language:
        """See `PipelineCache.get`. Frees the memory of pipelines that aren't used any more first."""
        self.forget()
        return init_nlp(config, use_gpu=gpu_id)


def weights_of(nlp: Language) -> Iterator[Any]:
    """YIELDS (ndarray): Every trained weight of a pipeline, on the CPU."""
    for node, name in _arrays(nlp):
        yield node.ops.to_numpy(node.get_param(name))
    for parameter in _parameters(nlp):
        yield parameter.detach().float().cpu().numpy()


def _again(start: CachedPipeline, config: Config) -> Language:
    """RETURNS (Language): The cached pipeline, as `init_nlp` would create it from another run's config."""
    nlp = start.nlp
    for (node, name), weights in zip(_arrays(nlp), start.arrays, strict=True):
        node.set_param(name, weights.copy())
    with torch.no_grad():
        for parameter, weights in zip(_parameters(nlp), start.parameters, strict=True):
            parameter.copy_(weights)
            parameter.grad = None
    # A reader's argument that this config leaves out must not be taken from the previous run.
    kept = {name: section for name, section in nlp.config.items() if name != "corpora"}
    filled = Config(kept).merge(config)
    settings = filled.interpolate()
    fix_random_seed(settings["training"]["seed"])
    (train_corpus,) = resolve_dot_names(settings, [settings["training"]["train_corpus"]])
    # Components without a source are initialized again, with this run's seed. The source's encoder is already restored.
    nlp.config = filled.merge({"initialize": {"init_tok2vec": None}})
    with nlp.select_pipes(disable=list(get_sourced_components(config))):
        nlp.initialize(lambda: train_corpus(nlp))
    nlp.config = filled
    return nlp


def _key(config: Config, gpu_id: int) -> str:
    settings = config.interpolate()
    paths = settings.get("paths", {})
    places = {name: Path(path) for name, path in paths.items() if name != "train" and isinstance(path, str)}
    files = {name: file_stamp(path) for name, path in places.items() if path.exists()}
    decides = {name: section for name, section in settings.items() if name not in OF_THE_RUN}
    seed = None if is_drawn_by_initialize(settings) else settings["training"]["seed"]
    return hash_data({**decides, "paths": {**paths, "train": None}, "files": files, "gpu_id": gpu_id, "seed": seed})


def _models(nlp: Language) -> Iterator[Model]:
    components = (component for _, component in nlp.pipeline)
    models = (getattr(component, "model", None) for component in components)
    return (node for model in models if isinstance(model, Model) for node in model.walk())


def _arrays(nlp: Language) -> list[tuple[Model, str]]:
    """RETURNS (list[tuple]): Node and name of each Thinc weight."""
    return [(node, name) for node in _models(nlp) for name in node.param_names if node.has_param(name)]


def _parameters(nlp: Language) -> list[torch.nn.Parameter]:
    """RETURNS (list[torch.nn.Parameter]): The trained PyTorch weights."""
    shims = [shim for node in _models(nlp) for shim in node.shims]
    return [parameter for shim in shims for parameter in shim._model.parameters() if parameter.requires_grad]
