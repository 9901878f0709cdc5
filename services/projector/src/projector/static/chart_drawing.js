// Charts and tables: one canvas a chart, and the same numbers as a table for whoever can't or won't read a canvas.
import { secondsOf, step } from "./report_texts.js";

const COLOURS = ["first", "second", "third"];
const DAY = 86400;
const drawn = new Map(); // section → its chart, kept so that it can be drawn anew in other colours or widths

export function element(tag, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Fill a section: heading, its CSV button, and what `content` gives. */
export function fill(section, heading, onCsv, ...content) {
  forget(section);
  const button = element("button", { type: "button", textContent: "CSV", ariaLabel: `${heading} as CSV` });
  button.addEventListener("click", onCsv);
  section.replaceChildren(element("header", {}, element("h2", { id: `h-${section.id}`, textContent: heading }), button), ...content);
}

export const nothing = () => element("p", { className: "nothing", textContent: "Nothing in this period." });

/**
 * Draw series over steps. `series` is [{name, value(row), text(row)}]; bars stand beside each other, lines above.
 * `axis(number)` names a value on the axis; `steps` are the distances of its values, where not every number will do.
 */
export function chart(section, rows, series, how) {
  const legend = element("ul", { className: "legend" }, ...series.map((one, number) =>
    element("li", {}, element("span", { className: COLOURS[number], ariaHidden: "true" }), one.name)));
  const box = element("div", { role: "img", ariaLabel: `${series.map((one) => one.name).join(", ")} over time: the table below holds the numbers` });
  const numbers = element("details", {}, element("summary", { textContent: "Numbers" }), element("div", {}, table(
    ["", ...series.map((one) => one.name)], rows.map((row) => [step(row), ...series.map((one) => one.text(row))]))));
  section.append(legend, box, numbers);
  drawn.set(section, { box, rows, series, how });
  draw(section);
}

export function table(headings, rows) {
  const head = element("tr", {}, ...headings.map((text) => element("th", { scope: "col", textContent: text })));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((text) => element("td", { textContent: text }))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

function forget(section) {
  drawn.get(section)?.plot?.destroy();
  drawn.delete(section);
}

function draw(section) {
  const held = drawn.get(section);
  held.plot?.destroy();
  const { box, rows, series, how } = held;
  const days = rows.every((row) => row.day);
  const length = days ? DAY : 3600, pad = Math.min(...distances(rows), rows.length > 1 ? Infinity : length) / 2; // a bar's half
  const grid = { stroke: colour("line"), width: 1 }, text = { stroke: colour("soft"), grid, ticks: grid };
  held.plot = new uPlot({
    width: Math.max(240, box.clientWidth), height: 220, legend: { show: false }, cursor: { y: false, drag: { x: false, y: false } },
    tzDate: (seconds) => (days ? uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") : new Date(seconds * 1000)),
    scales: { x: { range: (_, least, most) => [least - pad, most + pad] }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
    axes: [{ ...text, space: 70 }, { ...text, size: 76, values: (_, values) => values.map(how.axis), ...(how.steps && { incrs: how.steps }) }],
    series: [{}, ...series.map((one, number) => style(how.kind, number, series.length))],
  }, how.kind === "lines" ? broken(rows, series, length) : [rows.map(secondsOf), ...series.map((one) => rows.map(one.value))], box);
}

const distances = (rows) => rows.slice(1).map((row, number) => secondsOf(row) - secondsOf(rows[number]));

/** Give lines that break where steps are missing: while a venue is closed, nothing is prepared in any time. */
function broken(rows, series, length) {
  const columns = [[], ...series.map(() => [])];
  for (const [number, row] of rows.entries()) {
    const at = secondsOf(row), before = columns[0].at(-1);
    if (number > 0 && at - before > 1.5 * length) columns.forEach((column, place) => column.push(place ? null : before + length));
    columns[0].push(at);
    series.forEach((one, place) => columns[place + 1].push(one.value(row)));
  }
  return columns;
}

function style(kind, number, all) {
  const tint = colour(COLOURS[number]);
  if (kind === "lines") return { stroke: tint, width: 2, dash: [[], [8, 4], [2, 4]][number], points: { size: 6, fill: tint }, spanGaps: false };
  const place = all === 1 ? 0 : number === 0 ? -1 : 1;
  return { stroke: tint, fill: tint, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.7 / all, 48 / all], align: place }) };
}

const redraw = () => drawn.forEach((_, section) => draw(section));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
new ResizeObserver(redraw).observe(document.documentElement);
