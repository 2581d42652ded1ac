"""Compare the losses of the first updates in this project and in spaCy, to check that speed doesn't cost accuracy."""
from spacy.language import Language
from spacy.training.initialize import init_nlp
from thinc.api import Config

from scripts.benchmarks.material import Material, training_job
from scripts.benchmarks.measure import Measurement, measured, stopwatch
from scripts.benchmarks.spacy_ways import stock_transformer
from scripts.experiments.config import resolve_config
from scripts.ner.training import sentence_reader

UPDATES = 10
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def compare_losses(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): Ten updates in each way, in float32, with all weights trained, on equal batches."""
    with stopwatch() as watch:
        own, slow = losses(material, own_config(material)), losses(material, slow_config(material))
    difference = max(abs(one - other) for one, other in zip(own, slow, strict=True))
    return [measured("losses", len(own), "updates", watch, difference=difference, own=own, slow=slow)]


def own_config(material: Material) -> Config:
    """RETURNS (Config): This project's encoder and optimizer, without dropout and with a single rate."""
    config = resolve_config(training_job(material, frozen="nothing", precision="float32"))
    config["components"]["transformer"]["model"]["transformer_config"] = NO_DROPOUT
    optimizer = {"@optimizers": "interlingual.AdamByComponent.v1", "weight_decay": 0.01, "grad_clip": 1.0, "eps": 1e-8}
    config["training"]["optimizer"] = {**optimizer, "learn_rate": material.benchmark.training.learn_rate}
    return config


def slow_config(material: Material) -> Config:
    """RETURNS (Config): The same with spaCy's transformer and Thinc's Adam, which updates one parameter at a time."""
    config = own_config(material)
    model = {**stock_transformer(material), "transformer_config": NO_DROPOUT}
    config["components"]["transformer"]["model"] = model
    rate = material.benchmark.training.learn_rate
    optimizer = {"@optimizers": "Adam.v1", "L2": 0.01, "L2_is_weight_decay": True, "grad_clip": 1.0, "eps": 1e-8}
    config["training"]["optimizer"] = {**optimizer, "use_averages": False, "learn_rate": rate}
    return config


def losses(material: Material, config: Config) -> list[float]:
    """RETURNS (list[float]): The head's loss in each of the first updates."""
    nlp: Language = init_nlp(config, use_gpu=material.gpu_id)
    optimizer = nlp.create_optimizer()
    examples = list(sentence_reader(str(material.train))(nlp))
    size = material.benchmark.training.batch_size
    found = []
    for start in range(0, min(len(examples), UPDATES * size), size):
        of_update: dict[str, float] = {}
        nlp.update(examples[start : start + size], sgd=False, losses=of_update)
        for _, component in nlp.pipeline:
            component.finish_update(optimizer)
        optimizer.step_schedules()
        found.append(of_update["bio_ner"])
    return found
