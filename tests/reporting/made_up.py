"""Make up an experiment: 4 corpora, 2 targets, 4 sizes, 2 seeds, 3 sources and no pretrain; and runs of known F1."""
import json
import math
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Sequence

from scripts.evaluation.scores import Score, with_micro
from scripts.results.corpora import PaperCorpus
from scripts.results.paper import read_paper
from scripts.results.runs import LAYOUT

ROOT = Path(__file__).parents[2]
PAPER = ROOT / "assets" / "paper"
CORPORA = ("en_ugt", "en_ehr", "ru_ugt", "ru_ehr")
TARGETS = ("ru_ugt", "ru_ehr")
SIZES = (25, 50, 100, 150)
SEEDS = (0, 1)
GOLD = {"ru_ugt": {"Drug": 120, "Disease": 260}, "ru_ehr": {"Drug": 39, "Disease": 201}}
HEAD_START = {(): 0.0, ("en_ugt",): 45.0, ("en_ehr",): 28.0, ("ru_ugt",): 60.0, ("ru_ehr",): 52.0}
# Of 200 mentions of each type, this many found with nothing wrong: F1 is 2 tp / (tp + 200).
MENTIONS = 200
# Enough that any F1 can be had to three decimals.
MANY_MENTIONS = 100000
N_DOCUMENTS = 40
TYPES = ("Drug", "Disease")
SETTINGS = {"encoder": {"name": "/somewhere/encoder-small", "revision": "abc"}, "learn_rate": 0.0002, "source": None}


def make_score(tp: int, fp: int, fn: int) -> dict:
    """A score as the runner writes it."""
    precision = 100 * tp / (tp + fp) if tp + fp else 0.0
    recall = 100 * tp / (tp + fn) if tp + fn else 0.0
    f1 = 100 * 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0
    return {"tp": tp, "fp": fp, "fn": fn, "precision": precision, "recall": recall, "f1": f1}


def make_scores(target: str, quality: float) -> dict:
    """Scores whose F1 is near `quality` (0 to 100), Drug a little above Disease; characters miss two mentions each."""
    views = {}
    for view, lost in (("tokens", 0), ("characters", 2)):
        counts = {}
        for name, bonus in (("Drug", 6.0), ("Disease", -4.0)):
            gold = GOLD.get(target, {"Drug": 150, "Disease": 300})[name]
            tp = round(gold * min(max(quality + bonus, 0), 99) / 100)
            counts[name] = (tp, round(0.9 * (gold - tp)), gold - tp + lost)
        micro = tuple(sum(column) for column in zip(*counts.values(), strict=True))
        views[view] = {name: make_score(*count) for name, count in {"micro": micro, **counts}.items()}
    return views


def make_run(kind: str, target: str, quality: float, sources: tuple = (), size=None, seed: int = 0, **changed) -> dict:
    """A run file's content with the F1 that is asked for."""
    coordinates = {
        "experiment": "sample",
        "kind": kind,
        "model": "softmax",
        "transfer": "full" if sources else "none",
        "sources": list(sources),
        "target": target,
        "size": size,
        "seed": seed,
        "threads": 1,
        **changed,
    }
    name = "-".join(str(value) for value in ("+".join(sources) or "none", kind, target, size, seed, *changed.values()))
    return {
        "run": name,
        "layout": LAYOUT,
        "coordinates": coordinates,
        "settings": {**SETTINGS, "source": SETTINGS if kind == "few-shot" and sources else None},
        "fingerprint": f"of {name}",
        "versions": {"spacy": "3.8.0", "torch": "2.13.0"},
        "device": "cpu",
        "seconds": {"train": 30.0, "predict": 6.0},
        "updates": 40,
        "sentences": {"train": size or 412, "test": 90},
        "scores": make_scores(target, quality),
    }


def make_quality(sources: tuple, size: int, seed: int) -> float:
    """A learning curve with a head start by source and a wobble by seed; it stays below the others from en_ehr."""
    head_start = max(HEAD_START[(source,)] for source in sources) if sources else 0.0
    ceiling = 74.0 if sources == ("en_ehr",) else 83.0
    wobble = 3.0 * math.sin(2.5 * seed + size / 9 + head_start)
    return ceiling - (ceiling - head_start) * math.exp(-size / 45) + wobble


def make_runs() -> list[dict]:
    """Every run of the made-up experiment."""
    runs = [make_run("in-corpus", name, 80.0 - seed, seed=seed) for name in CORPORA for seed in SEEDS]
    pairs = [(source, target) for source, target in product(CORPORA, CORPORA) if source != target]
    runs += [make_run("zero-shot", target, 0.6 * HEAD_START[(source,)], (source,), 0) for source, target in pairs]
    for target, size, seed in product(TARGETS, SIZES, SEEDS):
        for sources in [()] + [(name,) for name in CORPORA if name != target]:
            runs.append(make_run("few-shot", target, make_quality(sources, size, seed), sources, size, seed))
    return runs


def make_corpora() -> dict:
    """The statistics file of the made-up experiment."""
    mentions, lengths = {"Drug": 500, "Disease": 900}, {"Drug": 1.1, "Disease": 2.25}
    means = {"sentences_per_document": 9.83, "tokens_per_sentence": 13.5, "mention_length": lengths}
    statistics = {"documents": 60, "sentences": 590, "sentences_by_punkt": 611, "mentions": mentions, **means}
    labels = {"Medication": "Drug", "ADR": "Disease", "Symptom": "Disease"}
    subtypes = {"labels": labels, "subtypes": {"Medication": 500, "ADR": 650, "Symptom": 250}}
    kept = {"mentions": {"kept": {"Drug": 340, "Disease": 610}}}
    splits = {"train": {"documents": 42, "sentences": 412, **kept}, "test": {"documents": 18, "sentences": 178}}
    corpora = {
        name: {"language": name[:2], "domain": name[3:], **statistics, **subtypes, "splits": splits} for name in CORPORA
    }
    printed = {"documents": 400, "sentences": 4230, "mentions": {"Drug": 1195, "Disease": 2429}, **means}
    corpora["ru_ugt"]["paper"] = {"name": "RU UGT", **printed}
    overlap = {"unique_a": 528, "unique_b": 2401, "shared": 410, "percent_a": 77.65, "percent_b": 17.08}
    pairs = [("en_ugt", "en_ehr", "Drug"), ("ru_ugt", "ru_ehr", "Disease")]
    printed_overlaps = [{"corpus_a": "EN UGT", "corpus_b": "EN EHR", **overlap}, None]
    return {
        "corpora": corpora,
        "vocabulary_overlap": [
            {"corpus_a": a, "corpus_b": b, "type": name, **overlap, "paper": paper and {**paper, "type": name}}
            for (a, b, name), paper in zip(pairs, printed_overlaps, strict=True)
        ],
        "shared_sentences": [{"source": "ru_ugt", "target": "ru_ehr", "sentences": 412, "exact": 3, "near": 2}],
        "tokenizer": "a tokenizer",
    }


def write_experiment(folder: Path, runs: list[dict], missing: Sequence[dict] = ()) -> Path:
    """Write run files and statistics as the runner does, and a plan if runs are missing; returns the metrics folder."""
    (folder / "sample" / "runs").mkdir(parents=True, exist_ok=True)
    for kind in {run["coordinates"]["kind"] for run in missing}:
        write_plan(folder, kind, [run for run in (*runs, *missing) if run["coordinates"]["kind"] == kind])
    for run in runs:
        (folder / "sample" / "runs" / f"{run['run']}.json").write_text(json.dumps(run), encoding="utf8")
    (folder / "sample" / "corpora.json").write_text(json.dumps(make_corpora()), encoding="utf8")
    return folder


def write_plan(folder: Path, kind: str, runs: list[dict]) -> None:
    """Write which runs belong to the made-up experiment, as the runner does before it begins."""
    plan = {run["run"]: {"coordinates": run["coordinates"], "fingerprint": run["fingerprint"]} for run in runs}
    started_with = {"seed": 0, "threads": 1, "precision": "float32", "encoder": "experiment"}
    text = json.dumps({"started_with": started_with, "runs": plan})
    (folder / "sample" / f"{kind}.json").write_text(text, encoding="utf8")


def without_gold(run: dict, *types: str) -> dict:
    """The run as on a test part without mentions of these types, where the model finds two all the same."""
    scores = {}
    for view, found in run["scores"].items():
        own = {name: make_score(0, 2, 0) if name in types else found[name] for name in TYPES}
        micro = (sum(one[count] for one in own.values()) for count in ("tp", "fp", "fn"))
        scores[view] = {"micro": make_score(*micro), **own}
    return {**run, "scores": scores}


def not_annotated(run: dict, entity_type: str) -> dict:
    """The run as on a corpus that does not annotate a type."""
    scores = {}
    for view, found in run["scores"].items():
        own = {name: found[name] for name in TYPES if name != entity_type}
        micro = (sum(one[count] for one in own.values()) for count in ("tp", "fp", "fn"))
        scores[view] = {"micro": make_score(*micro), **own}
    return {**run, "scores": scores}


def per_type(run: dict, *types: str) -> list[dict]:
    """The run as one for each of these types, each with a model of its own."""
    runs = []
    for name in types:
        scores = {view: {"micro": found[name], name: found[name]} for view, found in run["scores"].items()}
        own = {"run": f"{run['run']}-{name}", "fingerprint": f"{run['fingerprint']}-{name}", "scores": scores}
        runs.append({**run, **own, "coordinates": {**run["coordinates"], "entity_type": name}})
    return runs


def found_run(kind, tp, sources=(), size=None, seed=0):
    """A run on ru_ugt that finds `tp` of 200 mentions of either type, and nothing else."""
    run = make_run(kind, "ru_ugt", 0, sources, size, seed)
    one = {"tp": tp, "fp": 0, "fn": MENTIONS - tp}
    scores = {"micro": {"tp": 2 * tp, "fp": 0, "fn": 2 * (MENTIONS - tp)}, "Drug": one, "Disease": one}
    run["scores"] = {"tokens": scores, "characters": scores}
    return run


def f1_run(f1, sources=(), size=None, seed=0, kind="few-shot", target="ru_ugt"):
    """A run of exactly this F1 for either type: as many mentions wrong as missed."""
    run = make_run(kind, target, 0, sources, size, seed)
    tp = round(MANY_MENTIONS * f1 / 100)
    wrong = MANY_MENTIONS - tp
    one = make_score(tp, wrong, wrong)
    scores = {"micro": make_score(2 * tp, 2 * wrong, 2 * wrong), "Drug": one, "Disease": one}
    run["scores"] = {"tokens": scores, "characters": scores}
    return run


def law_run(size, sources=(), plateau=80.0, seed=0):
    """A run on the curve plateau - 800 / size."""
    return f1_run(plateau - 800 / size, sources, size, seed)


def with_first_sentences(source, f1):
    """A zero-shot run of this F1 on the first sentences too."""
    run = f1_run(f1, (source,), 0, kind="zero-shot")
    return {**run, "first_sentences": run["scores"]["tokens"]}


def few_shot(tp, sources=(), size=50, seed=0, **changed):
    """A run on ru_ugt that finds `tp` of 5 mentions of either type in each of 40 documents, and nothing else."""
    source_updates = changed.pop("source_updates", 300 if sources else 0)
    run = make_run("few-shot", "ru_ugt", 0, sources, size, seed, **changed)
    one = Score(N_DOCUMENTS * tp, 0, N_DOCUMENTS * (5 - tp))
    scores = {name: score.to_dict() for name, score in with_micro(dict.fromkeys(TYPES, one)).items()}
    return {**run, "scores": {"tokens": scores, "characters": scores}, "source_updates": source_updates}


def beside_paper(results, names):
    """The same results with the paper's numbers, and corpora that stand for those of the paper."""
    figures = PaperCorpus(**make_corpora()["corpora"]["ru_ugt"]["paper"])
    corpora = {
        name: replace(corpus, paper=replace(figures, name=names[name]) if name in names else None)
        for name, corpus in results.corpora.corpora.items()
    }
    paper = read_paper(PAPER)
    return replace(results, paper=paper, corpora=replace(results.corpora, corpora=corpora))


def column(table, name):
    """The cells of a column."""
    return [row[table.columns.index(name)] for row in table.rows]


def dicts(table):
    """The rows, by heading."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def value_of(cell):
    """The value in front of its interval."""
    return float(cell.split(" (")[0])
