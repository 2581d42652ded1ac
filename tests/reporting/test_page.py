"""The report: one file that loads nothing, says what it should, and lets no text of the runs become markup."""
import re
from html.parser import HTMLParser

import pytest

from scripts.reporting.contents import further_tables, paper_tables
from scripts.reporting.figures import figure1_learning_curves, to_svg
from scripts.reporting.forecast_figures import figure_forecast
from scripts.reporting.page import encoder_name, making, page_table, parts_tested, render_page, training_seconds
from scripts.reporting.tables.shared_sentences import table_shared_sentences
from scripts.reporting.tables.table2_in_corpus import table2_in_corpus
from scripts.reporting.tables.table3_zero_shot import table3_zero_shot
from scripts.reporting.tables.table5_sentences_needed import table5_sentences_needed
from tests.reporting.made_up import TYPES, make_run, make_runs, not_annotated, without_gold

LOADING = {"script", "link", "img", "iframe", "object", "embed", "video", "audio", "source", "base"}


class Reader(HTMLParser):
    """Collects tags, attributes and headings of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.headings, self.inside = set(), [], [], None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        self.inside = tag

    def handle_data(self, data):
        if self.inside in ("h1", "h2") and data.strip():
            self.headings.append(data.strip())


def render(results):
    figures = to_svg(figure1_learning_curves(results)), to_svg(figure_forecast(results))
    return render_page(results, paper_tables(results), further_tables(results), *figures)


@pytest.fixture(scope="module")
def page(results):
    """The report of the made-up experiment."""
    return render(results)


def test_the_page_loads_nothing(page):
    reader = Reader(page)
    assert not reader.tags & LOADING
    references = [value for name, value in reader.attributes if name in ("src", "href", "xlink:href")]
    assert references
    assert all(value.startswith("#") for value in references)
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_figure_and_tables_stand_under_their_names_in_the_paper(page):
    names = [heading.partition(".")[0] for heading in Reader(page).headings]
    of_paper = [name for name in names if re.fullmatch(r"(Figure|Table) \d", name)]
    assert of_paper == ["Figure 1", "Table 1", "Table 2", "Table 3", "Table 4", "Table 5"]
    assert page.count("<svg") == 2
    assert "<?xml" not in page


def test_the_answer_comes_before_the_figure(page):
    assert 0 < page.index("the source that helps most is") < page.index("<svg")


def test_an_unfinished_experiment_is_called_so_on_the_first_screen(page, read_made_up):
    assert "Not the last word" not in page
    done, missing = (make_run("few-shot", "ru_ugt", 50, (), size) for size in (25, 50))
    unfinished = render(read_made_up([done], [missing]))
    assert 0 < unfinished.index("Not the last word: 1 planned run is not finished.") < unfinished.index("<svg")


def test_how_it_was_made(page):
    assert "encoder-small (abc)" in page
    assert "/somewhere" not in page
    assert "64 few-shot (seeds 0, 1), 8 in-corpus (seeds 0, 1), 12 zero-shot (seeds 0)" in page
    assert "spacy 3.8.0, torch 2.13.0" in page
    assert "exchanged in its Multi-BERT and BioBERT rows" in page


def test_small_test_parts_are_warned_of(page, results):
    parts = {part.corpus: part for part in parts_tested(results)}
    assert parts["ru_ehr"].small == ("Drug",)
    assert parts["ru_ugt"].small == ()
    assert parts["ru_ehr"].mentions == {"Drug": 41, "Disease": 203}
    assert parts["ru_ehr"].lost == 4
    assert re.findall(r'<span class="warn">([^<]*)</span>', page) == ["41 Drug (one is 2.4 points)"]
    assert "one mention is more than 1 point of F1" in page


def test_a_training_counts_once_however_often_its_model_is_tested(read_made_up):
    runs = [
        make_run("in-corpus", "en_ugt", 50),
        make_run("zero-shot", "ru_ugt", 50, ("en_ugt",), 0),
        make_run("zero-shot", "ru_ehr", 50, ("en_ugt",), 0),
        make_run("zero-shot", "ru_ehr", 50, ("en_ehr",), 0),
        make_run("few-shot", "ru_ehr", 50, ("en_ugt",), 25),
        make_run("few-shot", "ru_ehr", 50, ("en_ugt",), 50),
    ]
    assert training_seconds(read_made_up(runs).runs) == 30.0 * 4


@pytest.mark.parametrize("named", [True, False])
def test_trainings_that_differ_in_sequence_or_settings_are_two(read_made_up, named):
    both = ("en_ugt", "ru_ehr")
    runs = [
        make_run("zero-shot", "ru_ugt", 50, both, 0),
        make_run("zero-shot", "ru_ugt", 50, both, 0, in_sequence=True),
        make_run("in-corpus", "en_ugt", 50),
        make_run("zero-shot", "ru_ugt", 50, ("en_ugt",), 0),
        make_run("zero-shot", "ru_ehr", 50, ("en_ugt",), 0),
        make_run("shipped", "ru_ehr", 50, ("en_ugt",)),
    ]
    # The in-corpus model is trained with settings of its own; the last three test the same model.
    for run, seconds, training in zip(runs, (100, 1000, 7, 70, 70, 70), "abcddd", strict=True):
        run["seconds"] = {"train": seconds, "predict": 0}
        run["settings"] = {"training": {"epochs": 3 if run["coordinates"]["kind"] == "in-corpus" else 1}}
        run["training"] = training if named else ""
    assert training_seconds(read_made_up(runs).runs) == 100 + 1000 + 7 + 70


def test_lengths_of_training_are_told(read_made_up):
    runs = [make_run("in-corpus", name, 50) for name in ("ru_ugt", "ru_ehr")] + [
        make_run("few-shot", "ru_ugt", 50, (), 25)
    ]
    for run, updates in zip(runs, (450, 534, 40), strict=True):
        run["updates"] = updates
    assert "A few-shot run has 40 updates, an in-corpus run 450 to 534." in render(read_made_up(runs))


def test_text_from_the_runs_is_escaped(read_made_up):
    run = make_run("few-shot", "<b>ru</b>", 50, (), 25)
    run["run"], run["device"] = "odd", "<i>gpu</i>"
    page = render(read_made_up([run]))
    assert "<b>ru</b>" not in page
    assert "<i>gpu</i>" not in page
    assert "&lt;i&gt;gpu&lt;/i&gt;" in page


def test_same_runs_same_page(results, page):
    assert render(results) == page


def few_runs():
    """The made-up experiment with two sizes only, which no law is fitted to: that takes long."""
    return [run for run in make_runs() if (run["coordinates"]["size"] or 0) <= 50]


def rows_on(table, target):
    """The rows of a table that tell of runs on a target, by heading."""
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return [row for row in rows if target in (row.get("target"), table.name == "table2_in_corpus" and row["corpus"])]


def test_no_f1_is_told_where_there_is_no_mention(read_made_up):
    runs = [without_gold(run, *TYPES) if run["coordinates"]["target"] == "ru_ugt" else run for run in make_runs()]
    results = read_made_up([{**run, "first_sentences": run["scores"]["tokens"]} for run in runs])
    for table in paper_tables(results) + further_tables(results):
        for row in rows_on(table, "ru_ugt"):
            assert {cell for name, cell in row.items() if "F1" in name.split() or "micro" in name} <= {None, ""}
    table = table3_zero_shot(results)
    assert {cell for row in table.rows if row[1] == "ru_ugt" for cell in row[3:]} == {None, ""}
    assert "Not scored, since" in table.caption and "ru_ugt: Drug, Disease." in table.caption
    assert "For ru_ugt" not in render(results)


def test_a_type_that_a_target_does_not_annotate_is_a_dash_everywhere(read_made_up):
    runs = [not_annotated(run, "Disease") if run["coordinates"]["target"] == "ru_ehr" else run for run in few_runs()]
    results = read_made_up(runs)
    for table in paper_tables(results) + further_tables(results):
        assert not any(row.get("type") == "Disease" for row in rows_on(table, "ru_ehr"))
    row = next(row for row in table2_in_corpus(results).rows if row[0] == "ru_ehr")
    assert row[5:8] == (None, None, None)
    # Seed 0 finds 34 of 39 and 4 more: 68 / 77.
    assert row[-1].startswith("0: 88.31 / – / 88.31; 1: ")
    page = render(results)
    assert "On ru_ehr: of Drug alone." in page


def test_runs_whose_training_failed_are_compared_with_nothing(read_made_up):
    failed = [
        {**make_run(kind, "ru_ugt", 1, sources, size, 2), "problem": "training diverged"}
        for kind, sources, size in (
            ("few-shot", (), 25),
            ("few-shot", ("en_ugt",), 50),
            ("zero-shot", ("en_ugt",), 0),
            ("in-corpus", (), None),
        )
    ]
    # As a run file without any scores too.
    failed[0]["scores"] = {"tokens": {}, "characters": {}}
    results = read_made_up(few_runs())
    told = read_made_up([*few_runs(), *failed])
    assert paper_tables(told) + further_tables(told) == paper_tables(results) + further_tables(results)
    page = render(told)
    named = page[page.index("Left out") :].partition("</p>")[0]
    assert named.count("training diverged") == len(failed)
    assert "few-shot ru_ugt from en_ugt at 50 sentences, seed 2" in named


def test_a_failed_run_is_not_missing_and_its_time_counts(read_made_up):
    failed = {**make_run("few-shot", "ru_ugt", 1, (), 25), "problem": "training diverged"}
    results = read_made_up([failed], [make_run("few-shot", "ru_ugt", 1, (), 50)])
    assert results.missing("few-shot") == ["ru_ugt from no pretrain at 50 sentences, seed 0"]
    assert making(results).hours == pytest.approx(36 / 3600)
    assert "There is no run that can be told of." in render(results)


def test_a_page_of_in_corpus_runs_alone(read_made_up):
    page = render(read_made_up([make_run("in-corpus", "ru_ugt", 50)]))
    assert "sources cannot be compared yet" in page
    assert "No few-shot run is finished." in page


def test_rows_are_grouped_where_their_heads_repeat(results):
    begins = [
        position for position, (begins, _) in enumerate(page_table(table5_sentences_needed(results)).rows) if begins
    ]
    assert begins == [4, 8, 12]
    begins = [position for position, (begins, _) in enumerate(page_table(table3_zero_shot(results)).rows) if begins]
    assert begins == [3, 6, 9]
    assert not any(begins for begins, _ in page_table(table_shared_sentences(results.corpora)).rows)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, ""),
        ({"encoder": {"name": "/home/me/model", "revision": ""}}, "model"),
        (
            {"encoder": {"name": "google-bert/bert-base-multilingual-cased", "revision": "3f076fd"}},
            "google-bert/bert-base-multilingual-cased (3f076fd)",
        ),
    ],
)
def test_encoders_are_named_without_the_machines_paths(settings, name):
    assert encoder_name(settings) == name
