"use strict";
// Set up the page: draw charts, make tables sortable, and unfold parts for links and printing.

const data = JSON.parse(document.getElementById("charts").textContent);

for (const figure of document.querySelectorAll("figure[data-chart]")) {
  const {chart, kind} = figure.dataset;
  if (kind === "reliability") fillReliability(figure, data.reliability);
  else fillChart(figure, data[chart], kind);
}

document.querySelectorAll("table.sortable").forEach(makeSortable);

/** Unfold the part that the URL points to. */
function unfoldTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const folded = target && target.closest("details");
  if (!folded || folded.open) return;
  folded.open = true;
  // The browser has scrolled to where the part was before.
  target.scrollIntoView();
}

addEventListener("hashchange", unfoldTarget);
unfoldTarget();

addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details:not([open])")) {
    folded.open = true;
    folded.dataset.unfolded = "";
  }
});
addEventListener("afterprint", () => {
  for (const folded of document.querySelectorAll("details[data-unfolded]")) {
    folded.open = false;
    delete folded.dataset.unfolded;
  }
});
