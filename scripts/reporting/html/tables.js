"use strict";
// Sort tables by the column whose heading is clicked.

/** The sort key of a cell: its number, or its text if it has none. */
function keyOf(row, column) {
  const cell = row.cells[column], number = cell.dataset.number;
  return number === undefined ? cell.textContent.trim() : Number(number);
}

/** Numbers first, by size; then text. */
function compareKeys(one, other) {
  const areNumbers = [one, other].map((key) => typeof key === "number");
  if (areNumbers[0] && areNumbers[1]) return one - other;
  if (areNumbers[0] !== areNumbers[1]) return areNumbers[0] ? -1 : 1;
  return one.localeCompare(other, "en", {numeric: true});
}

/** Sort a table by a column. The second time, reverse the order. */
function sortBy(table, heading, column) {
  const direction = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1, body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [keyOf(row, column), row]);
  rows.sort(([one], [other]) => sign * compareKeys(one, other));
  for (const [, row] of rows) row.classList.remove("group");
  body.append(...rows.map(([, row]) => row));
}

/** Turn the headings of a table into buttons. */
function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sortBy(table, heading, column));
    heading.append(button);
  });
}
