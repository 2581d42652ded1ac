"""Add runs on chosen samples to the made-up experiment: a method, and random samples with as many words."""
from tests.reporting.made_up import f1_run

METHOD = "uncertainty"


def chosen_run(f1, size, seed=0, selection=METHOD, words_of="", words=0, edits=0, sentences=0, sources=("en_ugt",)):
    """A few-shot run on ru_ugt of exactly this F1 for either type, and what its sample takes."""
    run = f1_run(f1, sources, size, seed)
    run["coordinates"].update(selection=selection, words_of=words_of)
    name = f"{run['run']}-{selection}-{words_of}"
    cost = {"words": words or 10 * size, "edits": edits or size}
    own = {"run": name, "fingerprint": f"of {name}", "training": f"of {name}", "cost": cost}
    return {**run, **own, "sentences": {"train": sentences or size, "test": 90}}


def plain_run(f1, size, seed=0, **cost):
    """The same on a plain random sample."""
    return chosen_run(f1, size, seed, "random", **cost)


def three_curves():
    """Random, a method that is 6 better for twice the words, and random ones with as many words in between."""
    runs = []
    for seed in (0, 1):
        for size, f1 in ((50, 60.0), (100, 66.0), (200, 70.0)):
            runs.append(plain_run(f1 - seed, size, seed, words=10 * size, edits=2 * size))
            runs.append(chosen_run(f1 + 6 - seed, size, seed, words=20 * size, edits=3 * size))
            control = {"selection": "random", "words_of": METHOD, "words": 20 * size + seed, "edits": 4 * size}
            runs.append(chosen_run(f1 + 2 - seed, size, seed, sentences=2 * size + seed, **control))
    return runs
