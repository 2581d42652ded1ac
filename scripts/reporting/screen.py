"""Show tables and decisions on the screen."""
from typing import Optional, Sequence

from wasabi import msg, table

from scripts.base.errors import visible
from scripts.reporting.best_source import Gain
from scripts.reporting.decision import Decision
from scripts.reporting.formats import NOTHING, Table, format_cell, is_number_column
from scripts.reporting.needed import Needed
from scripts.reporting.next_sentences import Outlook

# More would push the header out of the last ten lines of a run; the report shows all.
TARGETS_SHOWN = 4


def print_table(table: Table) -> None:
    """Print a table without its column of values by seed, which is too wide for a screen."""
    shown = [position for position, name in enumerate(table.columns) if not name.startswith("seeds")]
    rows = [[visible(format_cell(row[position])) for position in shown] for row in table.rows]
    aligns = ["r" if is_number_column(table, position) else "l" for position in shown]
    msg.divider(table.title)
    if rows:
        msg.table(rows, header=[table.columns[position] for position in shown], aligns=aligns, divider=True)
    print("\n".join([table.caption, *(f"{term}: {meaning}" for term, meaning in table.terms)]))


def decision_lines(decisions: Sequence[Decision]) -> list[str]:
    """RETURNS (list[str]): The answer for each target on its own line, below a header."""
    header = ("target", "best source", "gain in F1 (95 % interval)", "sentences needed", "F1 from 100 more")
    rows = [
        (decision.target, *_gain(decision.gain), _needed(decision.needed), _more(decision.outlook))
        for decision in decisions[:TARGETS_SHOWN]
    ]
    if not rows:
        return ["Sources can't be compared yet: there are no zero-shot or few-shot runs."]
    lines = table([[visible(cell) for cell in row] for row in rows], header=header).strip("\n").splitlines()
    more = len(decisions) - TARGETS_SHOWN
    return [*(line.rstrip() for line in lines), *([f"... and {more} more in the report"] if more > 0 else [])]


def _gain(gain: Optional[Gain]) -> tuple[str, str]:
    if gain is None:
        return NOTHING, NOTHING
    interval = f" ({gain.interval[0]:+.1f} to {gain.interval[1]:+.1f})" if gain.interval else ""
    text = f"{gain.best.gain:+.1f}{interval} at {gain.best.size}, {gain.certainty}"
    return (gain.best.source if gain.best.gain > 0 else "none helps"), text


def _needed(needed: Optional[Needed]) -> str:
    if needed is None:
        return NOTHING
    reached = str(needed.sentences) if needed.sentences else f"more than {needed.largest}"
    return reached + (f" of {needed.training}" if needed.training else "")


def _more(outlook: Optional[Outlook]) -> str:
    return f"{outlook.expected.value - outlook.f1:+.1f}" if outlook else NOTHING
