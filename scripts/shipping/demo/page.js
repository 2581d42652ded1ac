// Show the entities that each pipeline finds in the text. Texts only ever become text nodes, never HTML.
"use strict";

const COLORS = 5;
const byId = (id) => document.getElementById(id);
let labels = [];
let answer = { text: "", pipelines: [] };
let lastRequest = 0;

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function color(label) {
  return `var(--hue-${Math.max(0, labels.indexOf(label)) % COLORS})`;
}

// Python counts characters as code points, JavaScript as UTF-16 units.
function codePoints(text) {
  return Array.from(text);
}

function shownConfidence(confidence) {
  if (confidence === null) return "";
  return confidence > 0.99 ? "> 0.99" : confidence.toFixed(2);
}

// Of entities that overlap, the first one is marked; the table lists all.
function markedText(characters, entities) {
  const block = make("div", undefined, "text");
  let end = 0;
  for (const entity of entities) {
    if (entity.start < end) continue;
    block.append(characters.slice(end, entity.start).join(""));
    const mark = make("mark", characters.slice(entity.start, entity.end).join(""));
    mark.style.background = color(entity.label);
    mark.append(make("small", `${entity.label} ${shownConfidence(entity.confidence)}`.trim()));
    block.append(mark);
    end = entity.end;
  }
  block.append(characters.slice(end).join(""));
  return block;
}

function table(characters, entities) {
  const result = make("table");
  const head = result.createTHead().insertRow();
  for (const title of ["Entity", "Type", "Confidence"]) {
    const cell = make("th", title);
    cell.scope = "col";
    head.append(cell);
  }
  const body = result.createTBody();
  for (const entity of entities) {
    const row = body.insertRow();
    const text = characters.slice(entity.start, entity.end).join("");
    for (const value of [text, entity.label, shownConfidence(entity.confidence)]) row.insertCell().textContent = value;
  }
  return result;
}

// An entity without a confidence is always shown.
function shown(entities) {
  const least = Number(byId("confidence").value);
  return entities.filter((entity) => (entity.confidence === null ? entity.is_in_ents : entity.confidence >= least));
}

function show() {
  // Browsers restore the slider, but not the number beside it, when somebody comes back to the page.
  byId("shown").textContent = Number(byId("confidence").value).toFixed(2);
  const characters = codePoints(answer.text);
  const sections = answer.pipelines.map((pipeline) => {
    const entities = shown(pipeline.entities);
    const section = make("section");
    section.append(make("h2", pipeline.name), markedText(characters, entities));
    if (entities.length) section.append(table(characters, entities));
    else section.append(make("p", "No entities at this confidence.", "note"));
    return section;
  });
  byId("results").replaceChildren(...sections);
}

function tell(message, isError) {
  byId("status").textContent = message;
  byId("status").className = isError ? "error" : "";
}

function explain(detail) {
  return Array.isArray(detail) ? detail.map((one) => `${one.where}: ${one.problem}`).join("; ") : String(detail);
}

async function entitiesOf(text) {
  const response = await fetch("entities", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text }),
  });
  const found = await response.json();
  if (!response.ok) throw new Error(explain(found.detail));
  return found;
}

// Answers can arrive in another order than they were asked for: only the last request's is shown.
async function find(event) {
  if (event) event.preventDefault();
  const request = ++lastRequest;
  const text = byId("text").value;
  tell("Reading …");
  try {
    const pipelines = await entitiesOf(text);
    if (request !== lastRequest) return;
    answer = { text, pipelines };
    tell("");
    show();
  } catch (error) {
    if (request !== lastRequest) return;
    tell(error instanceof TypeError ? "The demo is no longer running." : error.message, true);
  }
}

async function start() {
  byId("form").addEventListener("submit", find);
  byId("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) find(event);
  });
  byId("confidence").addEventListener("input", show);
  const pipelines = await (await fetch("pipelines")).json();
  labels = [...new Set(pipelines.flatMap((pipeline) => pipeline.labels))].sort();
  await find();
}

start();
