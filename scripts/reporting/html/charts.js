"use strict";
// Draw the charts from the numbers in the page. Colors come from the style sheet, so dark mode and print don't need
// a redraw.

// Shapes that can be filled, and not as many as colors: every pair comes up before one is repeated.
const SYMBOLS = ["circle", "square", "triangle", "diamond2", "star", "wye", "cross", "hexagon", "diamond"];
const DASHES = {solid: null, dashed: "7,3", dotted: "2,3"};
const AXIS_LABELS = {
  sentences: "annotated sentences",
  words: "words in the annotated sentences",
  edits: "edits of the pre-annotation",
};
const ALL_TYPES = "all types";
const HEIGHT = 250;
const REFERENCE = {stroke: "var(--soft)", strokeWidth: 1};

const colorOf = (series) => `var(--series-${series.color % 10})`;
const symbolOf = (series) => SYMBOLS[series.color % SYMBOLS.length];
const round = (value) => value.toFixed(1);

/** The tooltip of a point: value, seeds and their number. */
function tipOf(series, point) {
  const amount = Object.entries(point.at).map(([what, value]) => `${Math.round(value)} ${what}`);
  const seeds = point.seeds.map(([seed, value]) => `${seed}: ${round(value)}`);
  const shown = seeds.length > 6 ? [...seeds.slice(0, 6), "…"] : seeds;
  const range = point.seeds.length > 1 ? ` (${round(point.low)} to ${round(point.high)})` : "";
  return [series.name, amount.join(", "), `F1 ${round(point.f1)}${range}`, `seed ${shown.join(", ")}`, `n = ${seeds.length}`].join("\n");
}

/** The points of a line with their position on the axis. Points without one are left out. */
function placed(line, axis) {
  return line.points.filter((point) => axis in point.at).map((point) => ({...point, x: point.at[axis]}));
}

/** The tooltips of a chart. */
function tips(rows) {
  return Plot.tip(rows, Plot.pointer({x: "x", y: "y", title: "tip", fontSize: 12, maxRadius: 30}));
}

/** The full F1, the goal and the paper's full F1. */
function goals(panel, state) {
  const marks = [];
  if (panel.full !== null) {
    marks.push(Plot.ruleY([panel.full], {...REFERENCE, strokeDasharray: "6,4"}));
    marks.push(Plot.ruleY([panel.goal], {...REFERENCE, strokeDasharray: "1.5,3"}));
  }
  if (state.paper && panel.paper_full !== null) {
    marks.push(Plot.ruleY([panel.paper_full], {...REFERENCE, strokeDasharray: "8,3,2,3", strokeOpacity: 0.7}));
  }
  return marks;
}

/** The paper's curves, up to our largest size. */
function paperLines(panel, state, largest) {
  if (!state.paper) return [];
  return panel.paper.map((line) => {
    const points = line.points.filter(([size]) => size <= largest);
    return Plot.lineY(points, {
      x: (point) => point[0], y: (point) => point[1], stroke: "var(--soft)", strokeOpacity: 0.6, strokeWidth: 1,
      title: () => line.name,
    });
  });
}

/** One learning curve: band, line, seeds, means, zero-shot. */
function curveMarks(series, line, axis, rows) {
  const color = colorOf(series), points = placed(line, axis);
  const seeds = points.flatMap((point) => point.seeds.map(([, f1]) => ({x: point.x, f1})));
  rows.push(...points.map((point) => ({x: point.x, y: point.f1, tip: tipOf(series, point)})));
  const marks = [
    Plot.areaY(points, {x: "x", y1: "low", y2: "high", fill: color, fillOpacity: 0.13}),
    Plot.lineY(points, {x: "x", y: "f1", stroke: color, strokeWidth: 1.8, strokeDasharray: DASHES[series.dash]}),
    Plot.dot(seeds, {x: "x", y: "f1", r: 1.4, fill: color, fillOpacity: 0.5}),
    Plot.dot(points, {x: "x", y: "f1", r: points.length < 12 ? 3.6 : 2, fill: color, symbol: symbolOf(series)}),
  ];
  if (line.zero_shot !== null) {
    const zero = [{x: 0, y: line.zero_shot, tip: `${series.name}\nwithout any sentence\nF1 ${round(line.zero_shot)}`}];
    rows.push(...zero);
    marks.push(Plot.dot(zero, {x: "x", y: "y", r: 4, stroke: color, fill: "var(--page)", symbol: symbolOf(series), strokeWidth: 1.6}));
  }
  return marks;
}

/** Learning curves of a panel. */
function curves(panel, shown, state) {
  const rows = [], marks = shown.flatMap(([series, line]) => curveMarks(series, line, state.axis, rows));
  const largest = Math.max(0, ...rows.map((row) => row.x));
  return [...paperLines(panel, state, largest), ...goals(panel, state), ...marks, tips(rows)];
}

/** The laws fitted to the curves of a panel. */
function forecasts(panel, shown, state) {
  const rows = [], marks = [];
  for (const [series, line] of shown) {
    const color = colorOf(series), points = placed(line, "sentences");
    const largest = Math.max(0, ...points.map((point) => point.x));
    const law = line.law.map(([x, f1, low, high]) => ({x, f1, low, high}));
    rows.push(...law.map(({x, f1, low, high}) => ({
      x, y: f1, tip: `${series.name}\n${x} sentences, by the fitted law\nF1 ${round(f1)} (${round(low)} to ${round(high)})`,
    })));
    marks.push(
      Plot.areaY(law, {x: "x", y1: "low", y2: "high", fill: color, fillOpacity: 0.1}),
      Plot.lineY(law.filter(({x}) => x <= largest), {x: "x", y: "f1", stroke: color, strokeWidth: 1.6}),
      Plot.lineY(law.filter(({x}) => x >= largest), {x: "x", y: "f1", stroke: color, strokeWidth: 1.6, strokeDasharray: "5,3"}),
      Plot.dot(points, {x: "x", y: "f1", r: 3.4, fill: color, symbol: symbolOf(series)}),
    );
  }
  return [...goals(panel, state), ...marks, tips(rows)];
}

/** The range of a panel's seeds around their mean. */
function ranges(panel, shown, state) {
  const rows = [], marks = [Plot.ruleY([0], REFERENCE)];
  for (const [series, line] of shown) {
    const color = colorOf(series);
    const points = placed(line, state.axis).map((point) => ({
      x: point.x, low: point.low - point.f1, high: point.high - point.f1, tip: tipOf(series, point),
    }));
    rows.push(...points.map((point) => ({x: point.x, y: point.high, tip: point.tip})));
    marks.push(
      Plot.areaY(points, {x: "x", y1: "low", y2: "high", fill: color, fillOpacity: 0.12}),
      Plot.lineY(points, {x: "x", y: "high", stroke: color, strokeWidth: 1.5, strokeDasharray: DASHES[series.dash]}),
      Plot.lineY(points, {x: "x", y: "low", stroke: color, strokeWidth: 1.5, strokeDasharray: DASHES[series.dash]}),
      Plot.dot(points, {x: "x", y: "high", r: 3, fill: color, symbol: symbolOf(series)}),
    );
  }
  return [...marks, tips(rows)];
}

/** The share of mentions that are right, by confidence. */
function reliability(panel) {
  const bins = (rows, name) => rows.map(([confidence, right, mentions]) => ({
    x: confidence, y: right, mentions,
    tip: `${name}\nconfidence ${confidence.toFixed(2)}\nright ${right.toFixed(2)}\nn = ${mentions}`,
  }));
  const before = bins(panel.before, "before calibration"), after = bins(panel.after, "after calibration");
  const draw = (rows, color, symbol) => [
    Plot.dot(rows, {x: "x", y: "y", r: "mentions", fill: color, fillOpacity: 0.7, symbol}),
  ];
  return [
    Plot.line([[0, 0], [1, 1]], {...REFERENCE, strokeDasharray: "1.5,3"}),
    ...draw(before, "var(--series-9)", "diamond"), ...draw(after, "var(--series-1)", "circle"), tips([...before, ...after]),
  ];
}

const KINDS = {
  curves: {marks: curves, y: "F1", hasGoals: true, hasAxes: true, hasPaper: true},
  forecast: {marks: forecasts, y: "F1", hasGoals: true, types: [ALL_TYPES]},
  steadiness: {marks: ranges, y: "points of F1 from the mean", types: [ALL_TYPES]},
};

/** Put a drawing in its place. To a screen reader, it is a single image whose parts have no names. */
function show(svg, place) {
  svg.setAttribute("role", "img");
  for (const part of svg.querySelectorAll("g[aria-label]")) {
    part.dataset.part = part.getAttribute("aria-label");
    part.removeAttribute("aria-label");
  }
  place.replaceChildren(svg);
}

/** Draw one panel in the available width. */
function drawPanel(kind, chart, panel, state, place) {
  const byName = new Map(panel.lines.map((line) => [line.series, line]));
  const shown = chart.series.filter(({name}) => byName.has(name) && !state.hidden.has(name)).map((series) => [series, byName.get(series.name)]);
  const svg = Plot.plot({
    width: place.clientWidth, height: HEIGHT, marginLeft: 38, marginBottom: 36, marginRight: 12,
    style: {fontSize: "12px", fontFamily: "inherit"},
    ariaLabel: `${panel.title}, ${panel.type}: ${shown.map(([{name}]) => name).join(", ") || "nothing selected"}`,
    x: {label: AXIS_LABELS[kind.hasAxes ? state.axis : "sentences"], labelAnchor: "center", labelArrow: "none", ticks: 5, zero: true, nice: true},
    y: {label: kind.y, labelArrow: "none", grid: true, ticks: 5, nice: true},
    marks: kind.marks(panel, shown, state),
  });
  show(svg, place);
}

/** Draw one panel of reliability, a square. */
function drawReliability(panel, place) {
  const side = Math.min(place.clientWidth, 280);
  const svg = Plot.plot({
    width: side, height: side, marginLeft: 38, marginBottom: 36,
    style: {fontSize: "12px", fontFamily: "inherit"},
    ariaLabel: `${panel.title}: share that is right by confidence, before and after calibration`,
    x: {label: "confidence", labelAnchor: "center", labelArrow: "none", domain: [0, 1], ticks: 5},
    y: {label: "share that is right", labelArrow: "none", domain: [0, 1], ticks: 5, grid: true},
    r: {range: [2, 13]},
    marks: reliability(panel),
  });
  show(svg, place);
}

/** An element with attributes and children. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A checkbox or radio button of a legend. `change` is called with whether it is on. */
function choice(type, group, text, isOn, change, sample) {
  const input = element("input", {type, name: group});
  input.checked = isOn;
  input.addEventListener("change", () => change(input.checked));
  return element("label", {}, input, ...(sample ? [sample] : []), text);
}

/** A short sample of a series' line. */
function sampleOf(series, symbol = symbolOf(series)) {
  const svg = Plot.plot({
    width: 26, height: 14, margin: 2, x: {domain: [0, 1], axis: null}, y: {domain: [0, 1], axis: null},
    marks: [
      Plot.line([[0, 0.5], [1, 0.5]], {stroke: colorOf(series), strokeWidth: 2, strokeDasharray: DASHES[series.dash]}),
      Plot.dot([[0.5, 0.5]], {fill: colorOf(series), symbol, r: 3.5}),
    ],
  });
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

/** A group of choices under one name. */
function group(name, choices) {
  return element("fieldset", {}, element("legend", {}, name), ...choices);
}

/** All controls of a chart. */
function controlsOf(kind, chart, state, name, redraw) {
  const toggle = (set, item, isIn) => { if (isIn) set.add(item); else set.delete(item); redraw(); };
  const controls = [group(chart.legend, chart.series.map((series) => choice(
    "checkbox", `${name}-series`, series.name, !state.hidden.has(series.name), (isOn) => toggle(state.hidden, series.name, !isOn), sampleOf(series),
  )))];
  if (chart.types.length > 1) {
    controls.push(group("Entity types", chart.types.map((type) => choice(
      "checkbox", `${name}-types`, type, state.types.has(type), (isOn) => toggle(state.types, type, isOn),
    ))));
  }
  if (kind.hasAxes && chart.axes.length > 1) {
    controls.push(group("Axis", chart.axes.map((axis) => choice(
      "radio", `${name}-axis`, axis, axis === state.axis, () => { state.axis = axis; redraw(); },
    ))));
  }
  if (kind.hasPaper && chart.panels.some((panel) => panel.paper.length)) {
    controls.push(group("Paper", [choice("checkbox", `${name}-paper`, "the paper's curves", true, (isOn) => { state.paper = isOn; redraw(); })]));
  }
  return element("div", {class: "controls"}, ...controls);
}

/** A title and a place for the drawing, for each panel. */
function panelsOf(panels, titleOf, noteOf) {
  return panels.map((panel) => {
    const place = element("div", {}), title = element("p", {}, titleOf(panel), element("span", {}, noteOf(panel)));
    return {panel, place, frame: element("div", {class: "panel"}, title, place)};
  });
}

/** Draw whenever the width changes, and only then. */
function onResize(node, draw) {
  let width = 0;
  new ResizeObserver(() => {
    if (node.clientWidth !== width) { width = node.clientWidth; draw(); }
  }).observe(node);
}

/** Fill a figure with panels and a legend. */
function fillChart(figure, chart, kindName) {
  const kind = KINDS[kindName], name = `${figure.dataset.chart}-${kindName}`;
  const first = (kind.types || chart.types).filter((type) => chart.types.includes(type));
  const state = {hidden: new Set(), types: new Set(first.length ? first : chart.types), axis: chart.axes[0], paper: true};
  const several = chart.types.length > 1;
  const panels = panelsOf(
    chart.panels,
    (panel) => several ? `${panel.title} · ${panel.type}` : panel.title,
    ({full}) => full === null || !kind.hasGoals ? "" : `full F1 ${round(full)}`,
  );
  const redraw = () => {
    for (const {panel, place, frame} of panels) {
      frame.hidden = !state.types.has(panel.type);
      if (!frame.hidden) drawPanel(kind, chart, panel, state, place);
    }
  };
  const grid = element("div", {class: "panels"}, ...panels.map(({frame}) => frame));
  figure.prepend(controlsOf(kind, chart, state, name, redraw), grid);
  onResize(grid, redraw);
}

/** Fill a figure with panels of reliability. */
function fillReliability(figure, panels) {
  const drawn = panelsOf(panels, (panel) => panel.title, ({after}) => `${after.reduce((sum, bin) => sum + bin[2], 0)} mentions found`);
  const key = (name, series, symbol) => element("label", {}, sampleOf({...series, dash: "solid"}, symbol), name);
  const grid = element("div", {class: "panels squares"}, ...drawn.map(({frame}) => frame));
  const keys = [key("before calibration", {color: 9}, "diamond"), key("after calibration", {color: 1}, "circle")];
  figure.prepend(element("div", {class: "controls"}, ...keys), grid);
  onResize(grid, () => drawn.forEach(({panel, place}) => drawReliability(panel, place)));
}
