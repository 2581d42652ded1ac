"""Render the report as one self-contained HTML page."""
import base64
import hashlib
import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from scripts.evaluation.forecast import FEWEST_SIZES
from scripts.evaluation.scores import MICRO
from scripts.reporting.chart_data import charts_of
from scripts.reporting.decision import SMALL_TEST_SET, decide, in_corpus_scores
from scripts.reporting.formats import Cell, Table, format_cell, number_of, to_csv
from scripts.reporting.gains import gain_grid
from scripts.reporting.provenance import making, parts_tested
from scripts.reporting.remarks import failures, metric, unfinished
from scripts.reporting.results import Results, measure
from scripts.reporting.steadiness import steadiness
from scripts.reporting.transfer_map import transfer_maps
from scripts.results.calibration import ELSEWHERE, Calibration
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, SHIPPED, ZERO_SHOT

HTML = Path(__file__).parent / "html"
LIBRARIES = Path(__file__).parents[2] / "assets" / "report"
TEMPLATE, STYLE = "page.html.jinja", "page.css"
# In this order: each uses those before it.
SCRIPTS = (
    *(LIBRARIES / "d3.min.js", LIBRARIES / "plot.umd.min.js"),
    *(HTML / "charts.js", HTML / "tables.js", HTML / "page.js"),
)
# Cells with more characters than this are wrapped.
WIDE = 40
CODE = re.compile("`([^`]+)`")


@dataclass(frozen=True)
class PageExtras:
    """Content that appears only on the page, not in the files of tables and figures.

    settings (str): The experiment's settings, as YAML.
    wheel (str): Path of the wheel; empty if no pipeline was packaged.
    how_trained (str): Training data and encoder of the pipeline in the wheel, in sentences; empty if unknown.
    training (str): Fingerprint of its training; empty if unknown.
    error_examples (Sequence[Table]): Errors in context; empty unless the experiment asks for them.
    """

    settings: str = ""
    wheel: str = ""
    how_trained: str = ""
    training: str = ""
    error_examples: Sequence[Table] = ()


NO_EXTRAS = PageExtras()


@dataclass(frozen=True)
class PageContent:
    """What a page shows besides the results.

    tables (Sequence[Table]): The tables of the paper.
    further (Sequence[Table]): The tables that go beyond the paper.
    figures (Mapping[str, bytes]): SVG by file stem, for readers without JavaScript.
    calibration (Optional[Calibration]): Calibration of the shipped pipeline, if there is one.
    extras (PageExtras): Content that appears only on the page.
    """

    tables: Sequence[Table]
    further: Sequence[Table]
    figures: Mapping[str, bytes]
    calibration: Optional[Calibration] = None
    extras: PageExtras = NO_EXTRAS


@dataclass(frozen=True)
class PageCell:
    """A cell as the template shows it.

    text (str): Its text as readers see it.
    number (Optional[float]): The number it is sorted by; None to sort by the text.
    """

    text: str
    number: Optional[float]

    @property
    def is_wide(self) -> bool:
        """RETURNS (bool): Whether its text is wrapped."""
        return len(self.text) > WIDE


@dataclass(frozen=True)
class PageTable:
    """A table as the template shows it.

    rows (list): (whether the row begins a new group, its cells) pairs.
    numbers (list[bool]): Which columns hold numbers.
    download (str): A `data:` URL of its CSV file.
    """

    name: str
    title: str
    caption: str
    terms: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    rows: list[tuple[bool, list[PageCell]]]
    numbers: list[bool]
    download: str


def render_page(results: Results, content: PageContent) -> str:
    """Render the report.

    results (Results): The experiment.
    content (PageContent): What else the page shows.
    RETURNS (str): An HTML page that loads no other file.
    """
    environment = Environment(
        loader=FileSystemLoader(HTML),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = mark_code
    scripts = [path.read_text("utf8") for path in SCRIPTS]
    return environment.get_template(TEMPLATE).render(
        **_frame(results, content, scripts), **_answers(results, content), **_tables(content), **_background(results)
    )


def _frame(results: Results, content: PageContent, scripts: Sequence[str]) -> dict[str, Any]:
    """RETURNS (dict): What the page needs to work, independent of its content."""
    charts = charts_of(results, content.calibration)
    return {
        "experiment": results.experiment,
        "style": Markup((HTML / STYLE).read_text("utf8")),
        "scripts": [Markup(script) for script in scripts],
        "script_hashes": " ".join(map(content_hash, scripts)),
        "charts": charts,
        "charts_json": as_json(charts.to_dict()),
        "figures": {name: Markup(inline_svg(svg)) for name, svg in content.figures.items()},
    }


def _answers(results: Results, content: PageContent) -> dict[str, Any]:
    """RETURNS (dict): The decisions and the three research questions."""
    by_name = {table.name: table for table in content.further}
    grids = {name: gain_grid(by_name[name]) for name in ("significance", "selection_significance") if name in by_name}
    decisions = decide(results, results.document_counts)
    return {
        "decisions": decisions,
        "in_corpus_scores": in_corpus_scores(results),
        "metric": metric(results),
        "gains_without_control": any(one.gain and not one.gain.has_control for one in decisions),
        "failures": failures(results),
        "unfinished": unfinished(results),
        "maps": transfer_maps(results),
        "grids": {name: grid for name, grid in grids.items() if grid.rows},
        "steadiness": steadiness(results),
        **_shipped(results, content.extras),
    }


def _shipped(results: Results, extras: PageExtras) -> dict[str, Any]:
    """RETURNS (dict): How the pipeline in the wheel was trained, and its F1 by test part if the results are its own."""
    own = {run.coordinates.target: run for run in results.of(SHIPPED) if run.training == extras.training}
    scored = {name: measure([own[name]], MICRO) for name in results.corpus_names if name in own}
    return {
        "wheel": extras.wheel,
        "how_trained": extras.how_trained,
        "wheel_scores": {name: score.mean for name, score in scored.items() if score is not None},
    }


def _tables(content: PageContent) -> dict[str, Any]:
    """RETURNS (dict): The tables as the template shows them."""
    by_name = {table.name: page_table(table) for table in (*content.tables, *content.further)}
    # These two have sections of their own.
    errors, calibration = (by_name.pop(name, None) for name in ("errors", "calibration"))
    return {
        "paper_tables": [by_name[table.name] for table in content.tables],
        "further": [by_name[table.name] for table in content.further if table.name in by_name],
        "errors": errors,
        "calibration": calibration,
        "elsewhere": ELSEWHERE,
        "error_examples": [page_table(table) for table in content.extras.error_examples],
        "settings": content.extras.settings,
    }


def _background(results: Results) -> dict[str, Any]:
    """RETURNS (dict): How the numbers were produced, and how to read them."""
    shared = results.corpora.shared_sentences
    return {
        "few_shot": FEW_SHOT,
        "in_corpus": IN_CORPUS,
        "zero_shot": ZERO_SHOT,
        "shipped": SHIPPED,
        "making": making(results),
        "parts_tested": parts_tested(results),
        "types": results.types,
        "corpora": results.corpora.corpora,
        "small_test_set": SMALL_TEST_SET,
        "fewest_sizes": FEWEST_SIZES,
        "repeating": [pair for pair in shared if pair.source == pair.target and pair.exact],
        "has_paper": results.paper is not None,
    }


def inline_svg(figure: bytes) -> str:
    """RETURNS (str): Only the `<svg>` element, without XML declaration and document type."""
    text = figure.decode("utf8")
    return text[text.index("<svg") :]


def mark_code(text: str) -> Markup:
    """RETURNS (Markup): Escaped text in which what stands between backticks is marked as code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))


def as_json(value: object) -> Markup:
    """RETURNS (Markup): JSON that is safe in a script element: it can't close the element or open a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def content_hash(script: str) -> str:
    """RETURNS (str): The hash that allows a script in a content security policy, so that no other can run."""
    digest = base64.b64encode(hashlib.sha256(script.encode("utf8")).digest())
    return f"'sha256-{digest.decode('ascii')}'"


def page_table(table: Table) -> PageTable:
    """RETURNS (PageTable): Its cells as text. Rows with the same first two cells, or the same first, are grouped."""
    heads = next((heads for width in (2, 1) if _are_groups(heads := [row[:width] for row in table.rows])), [])
    is_grouped = bool(heads)
    rows = [
        (is_grouped and position > 0 and heads[position] != heads[position - 1], [_cell(cell) for cell in row])
        for position, row in enumerate(table.rows)
    ]
    numbers = [any(cells[column].number is not None for _, cells in rows) for column in range(len(table.columns))]
    download = f"data:text/csv;charset=utf-8;base64,{base64.b64encode(to_csv(table).encode('utf8')).decode('ascii')}"
    return PageTable(
        *(table.name, table.title, table.caption, table.terms, table.columns, rows, numbers, download)
    )


def _are_groups(heads: Sequence[tuple[Cell, ...]]) -> bool:
    """RETURNS (bool): Whether equal heads are next to each other, in groups of at least two rows on average."""
    changes = sum(one != other for one, other in pairwise(heads))
    return 2 * (changes + 1) <= len(heads)


def _cell(cell: Cell) -> PageCell:
    return PageCell(format_cell(cell), number_of(cell))
