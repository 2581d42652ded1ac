"""Read the paper's Tables 2, 3 and 5 and its Figure 1, and apply its 99 % rule to its own curves."""
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Hashable, Iterable, Literal, Mapping, Optional, Type, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from scripts.base.errors import ProjectError
from scripts.base.files import read_json
from scripts.evaluation.curves import BestAndWorst, Curve, SentencesNeeded, best_and_worst, curve_of, sentences_needed

TABLES = "tables.json"
FIGURE1 = "figure1.csv"
# The paper's model for its Table 3 and all curves. The 99 % rule uses its F1 in Table 2 as the full F1.
MULTI_BERT = "Multi-BERT"
NO_PRETRAIN = "No pretrain"
REMEDY = "restore the file from the project's repository"

Percentage = Annotated[float, Field(ge=0, le=100)]
Pretrain = Literal["best", "worst", "none"]
Table5Cell = tuple[Pretrain, str, str]
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Read = TypeVar("Read")


@dataclass(frozen=True)
class PaperZeroShot:
    """One F1 of the paper's Table 3, with corrected source and target.

    f1 (float): F1 in percent.
    note (str): How the row was printed if source and target were exchanged. Empty if it was right.
    """

    f1: float
    note: str


@dataclass(frozen=True)
class PaperCurve:
    """A line of the paper's Figure 1, with one run per sample size.

    drawn (Curve): Every point of the line.
    interpolated (tuple[int, ...]): Sample sizes without a run, at which the line connects the neighboring points.
    """

    drawn: Curve
    interpolated: tuple[int, ...]

    @property
    def trained(self) -> Curve:
        """RETURNS (Curve): The points with a run."""
        return Curve(tuple(point for point in self.drawn.points if point[0] not in self.interpolated))


@dataclass(frozen=True)
class Paper:
    """The paper's results, with its own names of corpora and models.

    They only include F1, because the paper exchanges precision and recall.

    table2 (Mapping): F1 in percent by (corpus, model, entity type).
    table3 (Mapping): Zero-shot F1 of Multi-BERT by (source, target, entity type).
    table5 (Mapping): Sentences for 99 % of the full F1 by (pretrain, entity type, target), as printed.
    table5_differences (Mapping): Why cells of Table 5 differ from what its rule gives on Figure 1, by the same keys.
    figure1 (Mapping): Curves by (target, entity type, pretrain), such as `("RU UGT", "Drug", "EN UGT+RU EHR")`.
    """

    table2: Mapping[tuple[str, str, str], float]
    table3: Mapping[tuple[str, str, str], PaperZeroShot]
    table5: Mapping[Table5Cell, int]
    table5_differences: Mapping[Table5Cell, str]
    figure1: Mapping[tuple[str, str, str], PaperCurve]


@dataclass(frozen=True)
class _InCorpusRow:
    corpus: str
    model: str
    f1: Mapping[str, Percentage]


@dataclass(frozen=True)
class _ZeroShotRow:
    source: str
    target: str
    f1: Mapping[str, Percentage]
    note: str


@dataclass(frozen=True)
class _SentencesRow:
    pretrain: Pretrain
    type: str
    sentences: Mapping[str, Annotated[int, Field(gt=0)]]


@dataclass(frozen=True)
class _Difference:
    pretrain: Pretrain
    type: str
    target: str
    reason: str


@dataclass(frozen=True)
class _Tables:
    table2: tuple[_InCorpusRow, ...]
    table3: tuple[_ZeroShotRow, ...]
    table5: tuple[_SentencesRow, ...]
    table5_differences: tuple[_Difference, ...]


@dataclass(frozen=True)
class _Point:
    target: str
    type: str
    pretrain: str
    sentences: Annotated[int, Field(gt=0)]
    f1: Percentage
    real_run: bool


def read_paper(folder: Path) -> Paper:
    """Read the paper's own results.

    folder (Path): Folder with `tables.json`, which also says how the results were corrected and digitised, and
        `figure1.csv`.
    RETURNS (Paper): The validated results.
    RAISES (ProjectError): If a file is missing or damaged, or a number that the 99 % rule needs is missing.
    """
    path = folder / TABLES
    tables = _validated(read_json(path, remedy=REMEDY), _Tables, path)
    table2 = (((row.corpus, row.model, name), f1) for row in tables.table2 for name, f1 in row.f1.items())
    table3 = (
        ((row.source, row.target, name), PaperZeroShot(f1, row.note))
        for row in tables.table3
        for name, f1 in row.f1.items()
    )
    table5 = (((row.pretrain, row.type, name), count) for row in tables.table5 for name, count in row.sentences.items())
    differences = (((row.pretrain, row.type, row.target), row.reason) for row in tables.table5_differences)
    paper = Paper(
        _by_key(table2, path),
        _by_key(table3, path),
        _by_key(table5, path),
        _by_key(differences, path),
        read_figure1(folder / FIGURE1),
    )
    _check_rule(paper, folder)
    return paper


def read_figure1(path: Path) -> dict[tuple[str, str, str], PaperCurve]:
    """Read the digitised curves of the paper's Figure 1.

    path (Path): CSV with the columns target, type, pretrain, sentences, f1 (percent) and real_run (0 if the point is
        interpolated).
    RETURNS (dict): Curves by (target, entity type, pretrain).
    RAISES (ProjectError): If the file is missing or damaged.
    """
    if not path.is_file():
        raise ProjectError("no such file", where=path, remedy=REMEDY)
    with path.open(encoding="utf8", newline="") as stream:
        points = [_validated(row, _Point, f"{path}:{line}") for line, row in enumerate(csv.DictReader(stream), start=2)]
    lines: dict[tuple[str, str, str], list[_Point]] = {}
    for point in points:
        lines.setdefault((point.target, point.type, point.pretrain), []).append(point)
    return {key: _curve(line, path) for key, line in lines.items()}


def needed_by_curves(paper: Paper, target: str, entity_type: str) -> dict[str, SentencesNeeded]:
    """Apply the 99 % rule to the paper's curves for one target, without interpolated points.

    paper (Paper): The paper's curves, and the full F1 of no pretrain in its Table 2.
    target (str): The target, such as `RU UGT`.
    entity_type (str): `Drug` or `Disease`.
    RETURNS (dict[str, SentencesNeeded]): The sentences needed by pretrain, including `No pretrain`.
    """
    full = paper.table2[target, MULTI_BERT, entity_type]
    return {
        pretrain: sentences_needed(curve.trained, full)
        for (name, kind, pretrain), curve in paper.figure1.items()
        if (name, kind) == (target, entity_type)
    }


def ranking_by_curves(paper: Paper, target: str, entity_type: str) -> BestAndWorst[str]:
    """RETURNS (BestAndWorst[str]): Best and worst pretraining by the paper's curves, and those below the threshold."""
    needed = needed_by_curves(paper, target, entity_type)
    return best_and_worst({pretrain: need for pretrain, need in needed.items() if pretrain != NO_PRETRAIN})


def table5_of_curves(paper: Paper) -> dict[Table5Cell, Optional[int]]:
    """Recompute the paper's Table 5 from its Figure 1.

    For each target and entity type, the table has the fewest and the most sentences among the sources that reach 99 %
    of the full F1, and the sentences without pretraining.

    paper (Paper): The paper's curves, full F1s, and the cells of its Table 5.
    RETURNS (dict): Number of sentences for each cell of the printed table, or None if no source reaches the threshold.
    """
    return {cell: _cell_of_curves(paper, *cell) for cell in paper.table5}


def _cell_of_curves(paper: Paper, pretrain: Pretrain, entity_type: str, target: str) -> Optional[int]:
    needed = needed_by_curves(paper, target, entity_type)
    ranking = ranking_by_curves(paper, target, entity_type)
    names = {"best": ranking.best, "worst": ranking.worst, "none": (NO_PRETRAIN,)}[pretrain]
    return needed[names[0]].first if names else None


def _curve(line: list[_Point], path: Path) -> PaperCurve:
    name = (line[0].target, line[0].type, line[0].pretrain)
    f1s = _by_key((((*name, point.sentences), point.f1) for point in line), path)
    interpolated = tuple(point.sentences for point in line if not point.real_run)
    return PaperCurve(curve_of({size: {0: f1} for (*_, size), f1 in f1s.items()}), interpolated)


def _check_rule(paper: Paper, folder: Path) -> None:
    for _, entity_type, target in paper.table5:
        if (target, MULTI_BERT, entity_type) not in paper.table2:
            missing = f"no F1 of {MULTI_BERT} on {target} for {entity_type} in table2, which a cell of table5 needs"
            raise ProjectError(missing, where=folder / TABLES, remedy=REMEDY)
        if (target, entity_type, NO_PRETRAIN) not in paper.figure1:
            missing = f"no curve '{NO_PRETRAIN}' of {target} for {entity_type}, which table5 in {TABLES} needs"
            raise ProjectError(missing, where=folder / FIGURE1, remedy=REMEDY)


def _by_key(pairs: Iterable[tuple[Key, Value]], where: Path) -> dict[Key, Value]:
    found: dict[Key, Value] = {}
    for key, value in pairs:
        if key in found:
            raise ProjectError(f"two values for {key}", where=where, remedy=REMEDY)
        found[key] = value
    return found


def _validated(data: Any, shape: Type[Read], where: object) -> Read:
    try:
        return TypeAdapter(shape).validate_python(data)
    except ValidationError as error:
        mistake = error.errors()[0]
        key = ".".join(map(str, mistake["loc"])) or "file"
        raise ProjectError(f"damaged file, key '{key}': {mistake['msg']}", where=where, remedy=REMEDY) from None
