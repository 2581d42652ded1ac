"""Test the report in a browser: figures, requests, keyboard, contrast, narrow screens, dark mode and print."""
import io
from dataclasses import replace

import numpy
import pytest
from PIL import Image

from scripts.evaluation.calibration import BetaCalibration, JudgedMention
from scripts.experiments.calibration import measure
from scripts.reporting.contents import further_tables, paper_tables
from scripts.reporting.figures import figure1_learning_curves, to_svg
from scripts.reporting.formats import Table, to_csv
from scripts.reporting.page import PageContent, PageExtras, render_page
from scripts.reporting.results import read_results
from scripts.reporting.tables.calibration import table_calibration
from scripts.reporting.tables.few_shot import table_few_shot
from scripts.results.calibration import Calibration
from tests.reporting.chosen import chosen_run
from tests.reporting.made_up import beside_paper, f1_run, make_run, make_runs, write_experiment

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

WIDTHS, SCHEMES = (1280, 400), ("light", "dark")
EVIL = "ru<script>alert(1)</script><img src=x onerror=alert(2)>"
SVG = b'<svg viewBox="0 0 100 50"><rect width="100" height="50" fill="white"/></svg>'
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
MEGABYTE = 1_000_000
# What the weight of a page is measured by: a grid as large as the paper's.
LARGE_SIZES, LARGE_SOURCES = range(50, 2001, 50), ("a", "b", "c", "d", "e")


def results_of(folder, runs):
    return read_results(write_experiment(folder / "metrics", runs), "sample")


def write_page(path, results, **content):
    # Drawing takes longer than all the rest.
    figures = dict.fromkeys(("figure1_learning_curves", "forecast", "reliability", "selection"), SVG)
    made = {"figures": figures, **content}
    made.setdefault("tables", paper_tables(results))
    made.setdefault("further", further_tables(results))
    path.write_text(render_page(results, PageContent(**made)), "utf8")
    return path


def make_calibration():
    found = [JudgedMention("Drug", score, score > 0.5) for score in (0.1, 0.3, 0.6, 0.9, 0.95)]
    fitted = {"Drug": BetaCalibration(0.5, 0.5, -0.5, 40)}
    return Calibration("f", fitted, {"one": 3}, 50, 1.5, (measure("one", found, fitted), measure("two", found, fitted)))


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """The results of an experiment with everything in it: the paper, words, chosen sentences."""
    folder = tmp_path_factory.mktemp("full")
    runs = [{**run, "cost": {"words": 11 * (run["coordinates"]["size"] or 0)}} for run in make_runs()]
    runs += [chosen_run(80.0 + seed, size, seed) for size in (25, 50) for seed in (0, 1)]
    return beside_paper(results_of(folder, runs), {"ru_ugt": "RU UGT", "ru_ehr": "RU EHR"})


@pytest.fixture(scope="module")
def full_page(full, tmp_path_factory):
    """Its page, with calibration and errors."""
    calibration = make_calibration()
    quoted = Table("error_examples_a", "Errors on a", "How to read it.", ("in its sentence",), (("a [rare] word",),))
    further = [*further_tables(full), table_calibration(calibration)]
    content = {"calibration": calibration, "extras": PageExtras("corpora: [a]", "a.whl", [quoted]), "further": further}
    content["figures"] = {
        **dict.fromkeys(("forecast", "reliability", "selection"), SVG),
        "figure1_learning_curves": to_svg(figure1_learning_curves(full)),
    }
    return write_page(tmp_path_factory.mktemp("page") / "full.html", full, **content)


@pytest.fixture(scope="module")
def tiny_page(tmp_path_factory):
    """The page of one target and one source, whose name would like to be a script."""
    folder = tmp_path_factory.mktemp("tiny")
    runs = [f1_run(80, kind="in-corpus"), f1_run(60, (EVIL,), 0, kind="zero-shot")]
    runs += [f1_run(f1, sources, 25) for sources, f1 in (((), 30), ((EVIL,), 70))]
    for number, run in enumerate(runs):
        run["run"] = str(number)
    return write_page(folder / "tiny.html", results_of(folder, runs), extras=PageExtras(EVIL, EVIL))


@pytest.fixture(scope="module")
def unfinished_page(tmp_path_factory):
    """The page of in-corpus runs alone."""
    folder = tmp_path_factory.mktemp("unfinished")
    return write_page(folder / "unfinished.html", results_of(folder, [make_run("in-corpus", "ru_ugt", 50)]))


@pytest.fixture(params=["full_page", "tiny_page", "unfinished_page"])
def any_page(request):
    return request.getfixturevalue(request.param)


@pytest.fixture()
def visit(browser):
    """A function that opens a page with the network cut; what the page complains of or asks for is in `noise`."""
    contexts = []

    def open_page(path, width=1280, scheme="light", **settings):
        viewport = {"width": width, "height": 900}
        contexts.append(browser.new_context(viewport=viewport, color_scheme=scheme, **settings))
        contexts[-1].set_offline(True)
        page = contexts[-1].new_page()
        page.noise = []
        page.on("console", lambda message: page.noise.append(message.text))
        page.on("pageerror", lambda error: page.noise.append(str(error)))
        page.on("dialog", lambda dialog: (page.noise.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: page.noise.append(request.url))
        page.goto(path.as_uri())
        if settings.get("java_script_enabled", True):
            # Drawing waits for the first layout.
            panels = "[...document.querySelectorAll('.panel:not([hidden])')]"
            page.wait_for_function(f"{panels}.every(panel => panel.querySelector('svg'))")
        return page

    yield open_page
    for context in contexts:
        context.close()


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach(folded => { folded.open = true; })")


def test_the_page_is_quiet_and_asks_for_nothing(visit, any_page):
    assert visit(any_page).noise == [any_page.as_uri()]


def test_names_from_the_data_are_shown_as_they_are(visit, tiny_page):
    page = visit(tiny_page)
    assert EVIL in page.locator(".card").inner_text() and EVIL in page.locator(".controls").first.inner_text()


def test_every_figure_is_drawn(visit, any_page):
    page = visit(any_page)
    for figure in page.locator("figure[data-chart]").all():
        panels = figure.locator(".panel:not([hidden]) div > svg")
        assert panels.count() > 0
        for panel in panels.all():
            box = panel.bounding_box()
            assert box["width"] > 150 and box["height"] > 150
            assert panel.locator("path, circle").count() > 5


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out_at_the_side(visit, any_page, width):
    page = visit(any_page, width)
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_headings_are_in_order(visit, any_page):
    page = visit(any_page)
    headings = "[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]"
    levels = page.evaluate(f"{headings}.map(heading => Number(heading.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(levels, levels[1:], strict=False))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_everybody_can_read_it(visit, full_page, scheme):
    """Contrast of at least 4.5 to 1, names for all controls, and what else axe looks at (WCAG 2.1 AA)."""
    page = visit(full_page, scheme=scheme)
    unfold(page)
    # Hundreds of rows that are alike take minutes.
    page.evaluate("document.querySelectorAll('tbody tr:nth-child(n+4)').forEach(row => row.remove())")
    rules = {"runOnly": list(RULES) if scheme == "light" else ["color-contrast"], "resultTypes": ["violations"]}
    assert axe.Axe().run(page, options=rules).response["violations"] == []


def test_the_keyboard_reaches_every_control(visit, tiny_page):
    page = visit(tiny_page)
    unfold(page)
    # Of a group of radio buttons the keyboard reaches the one that is on, and the others by arrows.
    controls = "a[href], button, summary, input:not([type=radio]:not(:checked)), [tabindex='0']"
    page.evaluate("names => document.querySelectorAll(names).forEach((one, n) => { one.dataset.n = n; })", controls)
    count, reached = page.locator("[data-n]").count(), set()
    for _ in range(count + 5):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.dataset.n"))
    assert count > 30 and len(reached - {None}) == count


def test_a_switch_works_by_keyboard(visit, full_page):
    page = visit(full_page)
    box = page.get_by_role("checkbox", name="no pretrain").first
    box.focus()
    page.keyboard.press("Space")
    assert not box.is_checked()


def lines_in(page):
    """How many lines and markers the learning curves show."""
    return page.locator("figure[data-kind=curves]").first.locator(".panel:not([hidden]) svg path").count()


def test_the_legend_switches_sources_types_and_the_papers_curves(visit, full_page):
    page = visit(full_page)
    figure = page.locator("figure[data-kind=curves]").first
    panels = figure.locator(".panel:not([hidden])")
    before = lines_in(page)
    assert panels.count() == 6 and "en_ehr" in panels.first.locator("svg").first.get_attribute("aria-label")
    figure.get_by_role("checkbox", name="en_ehr", exact=True).uncheck()
    without_source = lines_in(page)
    assert without_source < before and "en_ehr" not in panels.first.locator("svg").first.get_attribute("aria-label")
    figure.get_by_role("checkbox", name="the paper's curves").uncheck()
    assert lines_in(page) < without_source
    figure.get_by_role("checkbox", name="Disease").uncheck()
    assert panels.count() == 4 and "Disease" not in figure.locator(".panels").inner_text()
    for name in ("en_ehr", "the paper's curves", "Disease"):
        figure.get_by_role("checkbox", name=name, exact=True).check()
    assert lines_in(page) == before


def test_the_axis_can_be_in_words(visit, full_page):
    page = visit(full_page)
    figure = page.locator("figure[data-kind=curves]").first
    plot = figure.locator(".panel svg").first
    assert "annotated sentences" in plot.text_content() and "1,500" not in plot.text_content()
    figure.get_by_role("radio", name="words", exact=True).check()
    # 150 sentences have 1,650 words.
    assert "words in the annotated sentences" in plot.text_content() and "1,500" in plot.text_content()


def test_pointing_at_a_curve_tells_value_seeds_and_number(visit, full_page, full):
    page = visit(full_page)
    plot = page.locator("figure[data-kind=curves] .panel svg").first
    plot.scroll_into_view_if_needed()
    marker = plot.locator("g[data-part=dot]").nth(1).locator("path, circle").first.bounding_box()
    page.mouse.move(marker["x"] + marker["width"] / 2, marker["y"] + marker["height"] / 2)
    said = plot.locator("g[aria-label=tip], g[data-part=tip]").text_content()
    setup = full.setups("few-shot", target="ru_ugt")[0]
    size, point = full.curve("ru_ugt", setup, "Drug").points[0]
    assert f"{size} sentences, {11 * size} words" in said
    assert f"F1 {point.mean:.1f} ({point.low:.1f} to {point.high:.1f})" in said
    assert "seed 0: " in said and "n = 2" in said


def test_a_table_sorts_by_numbers_both_ways(visit, full_page):
    page = visit(full_page)
    page.locator("#few_shot summary").click()
    heading = page.locator("#few_shot th").filter(has_text="mean F1")
    column = "[...document.querySelectorAll('#few_shot tbody tr')].map(row => Number(row.cells[6].textContent))"
    for order, direction in (("ascending", 1), ("descending", -1)):
        heading.get_by_role("button").click()
        values = page.evaluate(column)
        assert heading.get_attribute("aria-sort") == order
        assert values == sorted(values, key=lambda value: direction * value) and len(set(values)) > 20


def test_a_download_is_the_content_of_the_file(visit, full_page, full, tmp_path):
    page = visit(full_page)
    page.locator("#table3_zero_shot summary").click()
    with page.expect_download() as started:
        page.locator("#table3_zero_shot .download a").click()
    started.value.save_as(tmp_path / "saved.csv")
    assert started.value.suggested_filename == "table3_zero_shot.csv"
    (table,) = (one for one in paper_tables(full) if one.name == "table3_zero_shot")
    assert (tmp_path / "saved.csv").read_text("utf8") == to_csv(table)


@pytest.mark.parametrize("has_scripts", [True, False])
def test_on_paper_every_table_is_there(visit, full_page, has_scripts):
    page = visit(full_page, java_script_enabled=has_scripts)
    tables = page.locator("table").all()
    assert not all(table.is_visible() for table in tables)
    page.emulate_media(media="print")
    if has_scripts:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(tables) > 20 and all(table.bounding_box()["height"] > 20 for table in tables)
    if has_scripts:
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert not all(table.is_visible() for table in tables)


def test_a_link_to_a_folded_table_unfolds_it(visit, full_page):
    page = visit(full_page)
    table = page.locator("#significance table")
    assert not table.is_visible()
    page.get_by_role("link", name="All tests, types and sizes").first.click()
    # The page hears of its new address after the click.
    table.wait_for(state="visible")


def test_a_link_to_a_folded_part_lands_on_it(visit, full_page):
    page = visit(full_page)
    page.get_by_role("link", name="How to read these numbers").click()
    folded = page.locator("#reading")
    folded.locator("dl").wait_for(state="visible")
    # Unfolded before the browser would have scrolled, it would end up at the bottom of the window.
    assert folded.bounding_box()["y"] < page.viewport_size["height"] / 4


def brightness(locator):
    """Mean brightness of what an element looks like, 0 to 255."""
    return numpy.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("L")).mean()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_in_dark_mode_no_figure_is_white(visit, full_page, has_scripts):
    page = visit(full_page, scheme="dark", java_script_enabled=has_scripts)
    figures = page.locator("figure[data-chart]").all()
    assert len(figures) == 5 and all(brightness(figure) < 80 for figure in figures)


def test_on_paper_figures_are_light_in_dark_mode_too(visit, full_page):
    page = visit(full_page, scheme="dark")
    page.emulate_media(media="print")
    assert all(brightness(figure) > 200 for figure in page.locator("figure[data-chart]").all())


def test_without_scripts_the_figures_for_papers_are_there(visit, full_page):
    page = visit(full_page, java_script_enabled=False)
    figure = page.locator("figure[data-kind=curves]").first
    assert figure.locator(".static svg").is_visible() and "annotated sentences of ru_ugt" in figure.text_content()
    assert page.locator("table").first.is_visible() and page.locator("input").count() == 0


def test_the_page_of_a_large_experiment_weighs_less_than_5_megabytes(full, tmp_path):
    (one,) = full.of("few-shot", size=25, sources=(), seed=0, target="ru_ugt")
    runs = [
        replace(one, run=f"{name}-{size}", coordinates=replace(one.coordinates, size=size, sources=sources))
        for size in LARGE_SIZES
        for name, sources in (("none", ()), *((name, (name,)) for name in LARGE_SOURCES))
    ]
    large = replace(full, runs=(*full.of("in-corpus"), *runs), chosen=())
    table = table_few_shot(large)
    # As many rows as of four targets, and as wide a table of tests beside it.
    tables = [replace(table, name=f"table-{number}") for number in range(8)]
    path = write_page(tmp_path / "large.html", large, tables=[], further=tables)
    assert len(table.rows) == 3 * 40 * 6 and MEGABYTE < path.stat().st_size < 5 * MEGABYTE
