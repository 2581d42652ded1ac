"""Print a table on the screen."""
from wasabi import msg

from scripts.base.errors import visible
from scripts.reporting.formats import Table, format_cell, is_number_column


def print_table(table: Table) -> None:
    """Print a table without its column of single seeds, which is too wide for a screen."""
    shown = [position for position, name in enumerate(table.columns) if not name.startswith("seeds")]
    rows = [[visible(format_cell(row[position])) for position in shown] for row in table.rows]
    aligns = ["r" if is_number_column(table, position) else "l" for position in shown]
    msg.divider(table.title)
    if rows:
        msg.table(rows, header=[table.columns[position] for position in shown], aligns=aligns, divider=True)
    print(table.caption)
