"""Test forgetting: F1 before and after, by hand."""
from scripts.evaluation.curves import Spread
from scripts.reporting.tables.forgetting import table_forgetting
from tests.reporting.made_up import SETTINGS, dicts, f1_run, without_gold


def test_forgetting_compares_with_the_source_model(read_made_up):
    runs = [f1_run(90, kind="in-corpus", target="en_ugt")]
    for seed, f1 in enumerate((70, 80)):
        tested = f1_run(f1)["scores"]["tokens"]
        runs.append({**f1_run(60, ("en_ugt",), 50, seed), "source_tests": {"en_ugt": tested}})
    together = {name: f1_run(50)["scores"]["tokens"] for name in ("en_ugt", "ru_ehr")}
    runs.append({**f1_run(60, ("en_ugt", "ru_ehr"), 50), "source_tests": together})
    runs.append(f1_run(60, ("ru_ehr",), 50))
    rows = [row for row in dicts(table_forgetting(read_made_up(runs))) if row["type"] == "micro"]
    assert [(row["pretrain"], row["tested on"], row["sentences"]) for row in rows] == [
        *(("en_ugt", "en_ugt", 50), ("en_ugt + ru_ehr", "en_ugt", 50), ("en_ugt + ru_ehr", "ru_ehr", 50))
    ]
    assert rows[0]["F1 after"] == Spread(((0, 70.0), (1, 80.0)))
    assert (rows[0]["F1 before"].mean, rows[0]["difference"]) == (90.0, -15.0)
    # The model of both sources together has no in-corpus run.
    assert rows[1]["F1 before"] is rows[1]["difference"] is None


def test_a_source_model_that_was_tested_on_its_source_is_what_it_was_before(read_made_up):
    # The in-corpus run of the same corpus is another model.
    runs = [f1_run(90, kind="in-corpus", target="en_ugt"), f1_run(30, ("en_ugt",), 0, kind="zero-shot")]
    runs[1]["source_tests"] = {"en_ugt": f1_run(80)["scores"]["tokens"]}
    runs.append({**f1_run(60, ("en_ugt",), 50), "source_tests": {"en_ugt": f1_run(70)["scores"]["tokens"]}})
    (row,) = [row for row in dicts(table_forgetting(read_made_up(runs))) if row["type"] == "micro"]
    assert (row["F1 before"].mean, row["difference"]) == (80.0, -10.0)


def test_a_source_without_a_mention_has_no_f1(read_made_up):
    tested = {"en_ugt": without_gold(f1_run(70), "Disease")["scores"]["tokens"]}
    rows = dicts(table_forgetting(read_made_up([{**f1_run(60, ("en_ugt",), 50), "source_tests": tested}])))
    assert [row["type"] for row in rows] == ["Drug", "micro"]


def test_before_is_of_the_models_that_were_fine_tuned(read_made_up):
    def source_run(f1, kind, seed, epochs=3, **changed):
        run = {**f1_run(f1, ("en_ugt",) if kind == "zero-shot" else (), 0, seed, kind), **changed}
        target = "ru_ugt" if kind == "zero-shot" else "en_ugt"
        run["coordinates"] = {**run["coordinates"], "target": target, "size": 0 if kind == "zero-shot" else None}
        return {**run, "settings": {**SETTINGS, "epochs": epochs, "training_seed": seed}}

    models = [
        source_run(0, "zero-shot", seed, source_tests={"en_ugt": f1_run(f1)["scores"]["tokens"]})
        for seed, f1 in enumerate((80, 60, 20))
    ]
    # Trained for longer than the sources.
    runs = [source_run(99, "in-corpus", seed, 9) for seed in (0, 1)]
    for seed, f1 in enumerate((70, 50)):
        run = {**f1_run(60, ("en_ugt",), 50, seed), "source_tests": {"en_ugt": f1_run(f1)["scores"]["tokens"]}}
        runs.append({**run, "settings": {**SETTINGS, "source": models[seed]["settings"]}})

    def row_with(found):
        (row,) = [row for row in dicts(table_forgetting(read_made_up([*runs, *found]))) if row["type"] == "micro"]
        return row

    assert row_with([])["F1 before"] is row_with(models[:1])["difference"] is None
    row = row_with(models)
    assert row["F1 before"] == Spread(((0, 80.0), (1, 60.0))) and row["difference"] == -10.0
