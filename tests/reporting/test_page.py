"""Test that the report is a single file that loads nothing, is complete, and escapes all text."""
import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from scripts.evaluation.scores import MICRO
from scripts.reporting.contents import further_tables, paper_tables
from scripts.reporting.figures import figure1_learning_curves, to_svg
from scripts.reporting.forecast_figures import figure_forecast
from scripts.reporting.formats import Table, to_csv
from scripts.reporting.page import SCRIPTS, PageContent, PageExtras, content_hash, mark_code, page_table, render_page
from scripts.reporting.tables.shared_sentences import table_shared_sentences
from scripts.reporting.tables.significance import COLUMNS
from scripts.reporting.tables.table2_in_corpus import table2_in_corpus
from scripts.reporting.tables.table3_zero_shot import table3_zero_shot
from scripts.reporting.tables.table5_sentences_needed import table5_sentences_needed
from tests.reporting.made_up import TYPES, f1_run, make_run, make_runs, not_annotated, without_gold

LOADING = {"link", "img", "iframe", "object", "embed", "video", "audio", "source", "base", "form"}
EVIL = "</script><script>alert(1)</script><!--"


class Reader(HTMLParser):
    """Collects tags, attributes, headings and scripts of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.headings, self.scripts, self.inside = set(), [], [], [], None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        self.inside = tag
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside in ("h1", "h2", "h3") and data.strip():
            self.headings.append(data.strip())
        if self.inside == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = attributes, text + data


# Drawing takes longer than all the rest.
NOT_DRAWN = {"figure1_learning_curves": b"<svg></svg>", "forecast": b"<svg></svg>"}


def render(results, figures=NOT_DRAWN, **extra):
    return render_page(results, PageContent(paper_tables(results), further_tables(results), figures, **extra))


@pytest.fixture(scope="module")
def page(results):
    """The report of the made-up experiment."""
    return render(results)


def test_the_page_loads_nothing(page):
    reader = Reader(page)
    assert not reader.tags & LOADING
    references = [value for name, value in reader.attributes if name in ("src", "href", "xlink:href")]
    assert references
    assert all(value.startswith(("#", "data:text/csv;")) for value in references)
    markup = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert "@import" not in markup and not re.search(r"url\((?!#)", markup)


def test_only_the_pages_own_scripts_are_allowed_to_run(page):
    reader = Reader(page)
    code = [text for attributes, text in reader.scripts if "type" not in attributes]
    assert [text.strip() for text in code] == [path.read_text("utf8").strip() for path in SCRIPTS]
    (policy,) = (value for name, value in reader.attributes if name == "content" and "default-src" in value)
    assert "default-src 'none'" in policy and "unsafe-inline'; img-src data:; script-src 'sha256-" in policy
    assert policy.endswith(" ".join(map(content_hash, code)))


def test_tables_stand_under_their_names_in_the_paper(page):
    names = [heading.partition(".")[0] for heading in Reader(page).headings]
    numbered = [name for name in names if re.fullmatch(r"Table \d", name)]
    assert numbered == [f"Table {number}" for number in range(1, 6)]
    assert {"RQ1", "RQ2", "RQ3"} <= set(names)


def test_without_scripts_there_are_figures(results):
    drawn = {"figure1_learning_curves": figure1_learning_curves(results), "forecast": figure_forecast(results)}
    page = render(results, {name: to_svg(figure) for name, figure in drawn.items()})
    fallbacks = re.findall(r"<noscript>.*?</noscript>", page, re.DOTALL)
    assert [fallback.count("<svg") for fallback in fallbacks] == [1, 1]
    assert "<?xml" not in page and "annotated sentences of ru_ugt</text>" in fallbacks[0]


def test_code_is_marked_in_text_that_is_escaped():
    assert mark_code("`a < b` & `in_corpus`") == "<code>a &lt; b</code> &amp; <code>in_corpus</code>"


@pytest.mark.parametrize("training", ["of the wheel", "of another seed"])
def test_the_scores_beside_the_wheel_are_those_of_its_model(read_made_up, training):
    shipped = [make_run("shipped", target, f1, ("en_ugt", "ru_ugt")) for target, f1 in (("en_ugt", 50), ("ru_ugt", 80))]
    results = read_made_up([*make_runs(), *({**run, "training": "of the wheel"} for run in shipped)])
    extras = PageExtras("", "packages/xx_some-1.0.0-py3-none-any.whl", "Trained on all.", training)
    page = render(results, extras=extras)
    (line,) = re.findall(r"<p[^>]*>(This experiment.*?)</p>", page)
    f1s = [f"{run.coordinates.target} {run.scores.tokens[MICRO].f1:.1f}" for run in results.of("shipped")]
    is_own = training == "of the wheel"
    assert (f"F1 on the test parts: {', '.join(f1s)}" in line) == is_own
    assert ("may be those of another model" in line) == (not is_own)
    assert "Trained on all." in line and "pip install packages/xx_some-1.0.0-py3-none-any.whl" in line
    assert 'href="#shipped"' in line or not is_own
    assert 'id="shipped"' in page


def test_the_answer_comes_first(page):
    card = page[page.index('<article class="card">') : page.index("</article>")]
    assert page.index(card) < page.index("RQ1.")
    text = " ".join(re.sub(r"<[^>]+>", " ", card).split())
    start = "Target: ru_ugt Russian user-generated texts; 412 sentences to train on Best source ru_ehr at 25"
    assert text.startswith(start)
    gain = r"Gain \+30\.\d F1 may be chance single seeds: .* at 25 sentences: \S+ with ru_ehr, \S+ without a source"
    assert re.search(gain, text)
    assert "Sentences needed" in text and "Next 100 sentences" in text and "Without annotating" in text


def test_a_mark_says_which_tests_a_difference_passed(results):
    marks = {"seeds": "†", "documents": "*", "seeds and documents": "*†"}
    row = ("ru_ugt", 25, MICRO, "a against b", 1.5, *[None] * 7)
    for units, mark in marks.items():
        table = Table("significance", "Significance", "", COLUMNS, ((*row, f"better over {units}"),))
        further = [table if one.name == table.name else one for one in further_tables(results)]
        page = render_page(results, PageContent([], further, NOT_DRAWN))
        assert f'> {mark}<span class="unseen"> significant over {units}</span>' in page


def test_there_are_no_walls_of_bullets(page):
    assert page.count("<li") == page[: page.index("<main>")].count("<li")


def test_an_unfinished_experiment_is_called_so_on_the_first_screen(page, read_made_up):
    assert "may still change" not in page
    done, missing = (make_run("few-shot", "ru_ugt", 50, (), size) for size in (25, 50))
    unfinished = render(read_made_up([done], [missing]))
    assert 0 < unfinished.index("planned runs are not finished (1 few-shot)") < unfinished.index("<article")


def test_how_it_was_made(page):
    assert "encoder-small (abc)" in page
    assert "/somewhere" not in page
    assert "64 runs; seeds 0, 1; 40 updates each" in page
    assert "spacy 3.8.0, torch 2.13.0" in page


def test_lengths_of_training_are_told(read_made_up):
    runs = [make_run("in-corpus", name, 50) for name in ("ru_ugt", "ru_ehr")] + [
        make_run("few-shot", "ru_ugt", 50, (), 25)
    ]
    for run, updates in zip(runs, (450, 534, 40), strict=True):
        run["updates"] = updates
    assert "A few-shot run has 40 updates, an in-corpus run 450 to 534." in render(read_made_up(runs))


def test_small_test_parts_are_marked(page):
    # 41 of ru_ehr: 100 / 41.
    assert re.findall(r'<td class="number warn"[^>]*>([^<]*)</td>', page) == ["41", "2.4 F1"]


def test_the_papers_values_stand_only_where_they_are_compared_with(page, compared):
    shown = render(compared)
    for words in ("The paper's values", "paper F1", "paper: RU UGT"):
        assert words not in page and words in shown
    (charts,) = re.findall(r'<script type="application/json" id="charts">(.*?)</script>', shown)
    assert any(panel["paper"] for panel in json.loads(charts)["curves"]["panels"])


def test_a_download_is_the_file(page, results):
    links = dict(re.findall(r'href="data:text/csv;charset=utf-8;base64,([^"]*)" download="([^"]*)"', page))
    held = {name: base64.b64decode(content).decode("utf8") for content, name in links.items()}
    tables = [table for table in paper_tables(results) + further_tables(results) if table.rows]
    assert held == {f"{table.name}.csv": to_csv(table) for table in tables}


def test_text_from_runs_settings_and_corpora_is_escaped(read_made_up):
    run = make_run("few-shot", f"ru{EVIL}", 50, (f"en{EVIL}",), 25)
    run["run"], run["device"] = "odd", "<i>gpu</i>"
    quoted = Table("error_examples_a", f"Errors{EVIL}", EVIL, (EVIL,), ((EVIL,),))
    page = render(read_made_up([run]), extras=PageExtras(f"a: '{EVIL}'", EVIL, [quoted]))
    assert EVIL not in page and "<i>gpu</i>" not in page
    assert "&lt;i&gt;gpu&lt;/i&gt;" in page
    reader = Reader(page)
    assert len(reader.scripts) == 1 + len(SCRIPTS)
    (charts,) = (text for attributes, text in reader.scripts if attributes.get("id") == "charts")
    assert json.loads(charts)["curves"]["panels"][0]["title"] == f"ru{EVIL}"


def test_errors_are_quoted_only_where_the_experiment_asks(page, results):
    quoted = Table("error_examples_ru_ugt", "Errors on ru_ugt", "", ("in its sentence",), (("a [rare] word",),))
    assert "This page doesn't quote any text" in page
    shown = render(results, extras=PageExtras(error_examples=[quoted]))
    assert "a [rare] word" in shown and "This page doesn't quote any text" not in shown


def test_the_wheel_can_be_installed_from_what_the_page_says(page, results):
    assert "pip install" not in page
    assert "<code>pip install packages/a.whl</code>" in render(results, extras=PageExtras(wheel="packages/a.whl"))


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
    assert "Not scored, as" in table.caption and "ru_ugt: Drug, Disease." in table.caption
    assert "The test part has no mention of Drug or Disease" in render(results)


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
    assert "On ru_ehr: Drug only." in page


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
    named = page[page.index("4 runs left out because the training failed") :].partition("</ul>")[0]
    assert named.count("training diverged") == len(failed)
    assert "few-shot ru_ugt from en_ugt at 50 sentences, seed 2" in named


def test_pages_of_experiments_that_are_not_done(read_made_up, tmp_path):
    page = render(read_made_up([make_run("in-corpus", "ru_ugt", 50)]))
    assert "Sources can't be compared yet: only in-corpus runs are finished" in page
    assert 'ru_ugt <span class="soft">softmax</span>' in page and page.count("one seed</span>") == 3
    assert page.count("No few-shot run is finished") >= 2 and "No zero-shot run is finished" in page


def test_a_page_of_runs_that_all_failed(read_made_up):
    failed = {**make_run("few-shot", "ru_ugt", 1, (), 25), "problem": "training diverged"}
    page = render(read_made_up([failed]))
    assert "No run finished with a usable model" in page and "training diverged" in page


def test_a_page_of_one_target_and_one_source(read_made_up):
    runs = [f1_run(80, kind="in-corpus"), f1_run(60, ("en_ugt",), 0, kind="zero-shot")]
    runs += [f1_run(f1, sources, 25) for sources, f1 in (((), 30), (("en_ugt",), 70))]
    page = render(read_made_up(runs))
    assert "one seed only" in page and "not measured: this needs two seeds" in page and "more than 25" in page


def test_a_corpus_that_repeats_itself_is_told(results, page):
    pair = replace(results.corpora.shared_sentences[0], target="ru_ugt")
    repeating = replace(results, corpora=replace(results.corpora, shared_sentences=(pair,)))
    assert "repeats itself" not in page
    assert "3 of the 412 sentences of its training part are also in its test part" in render(repeating)


def test_rows_are_grouped_where_their_heads_repeat(results):
    begins = [
        position for position, (begins, _) in enumerate(page_table(table5_sentences_needed(results)).rows) if begins
    ]
    assert begins == [4, 8, 12, 16, 20]
    begins = [position for position, (begins, _) in enumerate(page_table(table3_zero_shot(results)).rows) if begins]
    assert begins == [3, 6, 9]
    assert not any(begins for begins, _ in page_table(table_shared_sentences(results.corpora)).rows)
