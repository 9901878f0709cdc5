// The page of charts: whose reports, which period, and what the page says when it can't have them.
import { chart, element, fill, nothing, table } from "./chart_drawing.js";
import { count, major, money, span, sum } from "./report_texts.js";

const $ = (selector) => document.querySelector(selector);
const DAY_MS = 86_400_000;
const SHOWN_ITEMS = 15;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
let session, round = 0;

// --- who asks -------------------------------------------------------------------------------------------------

/** Read what a token says of itself; whether it is true is the server's business. */
function claimsOf(token) {
  try {
    const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (c) => c.charCodeAt(0))));
  } catch {
    return null;
  }
}

function begin() {
  const given = new URLSearchParams(location.hash.slice(1));
  const token = given.get("token"), claims = token && claimsOf(token);
  if (!claims) return askForToken(token ? "That is no token: paste it whole." : "");
  const venue = given.get("venue") ?? (claims.venues?.length === 1 && claims.venues !== "*" ? claims.venues[0] : "");
  const owner = venue ? `venues/${encodeURIComponent(venue)}` : `organizations/${encodeURIComponent(given.get("organization") ?? claims.org)}`;
  session = { token, venue, base: `v1/${owner}/analytics/` };
  $("#title").textContent = venue || given.get("organization") || claims.org;
  document.title = `Reports · ${$("#title").textContent}`;
  $("#entry").hidden = true;
  $("#period").hidden = $("#charts").hidden = false;
  return load();
}

function askForToken(why) {
  $("#trouble").textContent = why;
  $("#entry").hidden = false;
  $("#period").hidden = $("#charts").hidden = true;
  $("#token").focus();
}

$("#entry").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = new URLSearchParams({ token: $("#token").value.trim() });
  if ($("#venue").value.trim()) wanted.set("venue", $("#venue").value.trim());
  location.hash = wanted;
});
addEventListener("hashchange", begin);
$("#period").addEventListener("change", () => $("#period").reportValidity() && load());

// --- what is asked --------------------------------------------------------------------------------------------

/** Give the period as the reports take it: the last day is in it here, and not there. */
function period() {
  const after = new Date(Date.parse($("#to").value) + DAY_MS).toISOString().slice(0, 10);
  return { from: $("#from").value, to: after, tz: zone };
}

async function ask(report, more) {
  const query = new URLSearchParams({ ...period(), ...more });
  const answer = await fetch(`${session.base}${report}?${query}`, { headers: { Authorization: `Bearer ${session.token}` } });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({ detail: `the server answered ${answer.status}` }));
  throw Object.assign(new Error(problem.detail), { status: answer.status });
}

const rowsOf = async (report, more) => (await ask(report, more)).json();

function csv(report, more) {
  return async () => {
    try {
      const blob = await (await ask(report, { ...more, format: "csv" })).blob();
      const link = element("a", { href: URL.createObjectURL(blob), download: `${report}.csv` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    } catch (error) {
      complain(error);
    }
  };
}

async function load() {
  const mine = ++round, steps = { bucket: $("#bucket").value }, whole = { bucket: "none" };
  $("#charts").setAttribute("aria-busy", "true");
  try {
    const asked = [
      rowsOf("sales", steps), rowsOf("times", steps), rowsOf("late-orders", steps), rowsOf("refunds", steps), rowsOf("items", whole),
      session.venue ? null : rowsOf("sales", { ...whole, by_venue: "true" }),
    ];
    const [sales, times, late, refunds, items, venues] = await Promise.all(asked);
    if (mine !== round) return;
    $("#trouble").textContent = "";
    $("#status").textContent = `as of ${new Date(sales.as_of).toLocaleString()} · hours in ${zone}`;
    const currency = chooseCurrency(sales.rows, items.rows);
    const of = (rows) => rows.filter((row) => row.currency === currency);
    showFigures(of(sales.rows), late.rows, of(refunds.rows), currency);
    showSales(of(sales.rows), steps, currency);
    showTimes(times.rows, steps);
    showLate(late.rows, steps);
    showRefunds(of(refunds.rows), steps, currency);
    showItems(of(items.rows), whole, currency);
    if (venues) showVenues(of(venues.rows), { ...whole, by_venue: "true" }, currency);
  } catch (error) {
    if (mine === round) complain(error);
  } finally {
    if (mine === round) $("#charts").removeAttribute("aria-busy");
  }
}

function complain(error) {
  if (error.status === 401) return askForToken(`${error.message}.`);
  const words = error.status ? error.message : "The server can't be reached. Is this device online?";
  $("#trouble").replaceChildren(`${words[0].toUpperCase()}${words.slice(1)} `, element("button", { textContent: "Try again", onclick: load }));
}

// --- what is shown --------------------------------------------------------------------------------------------

function chooseCurrency(...lists) {
  const found = [...new Set(lists.flat().map((row) => row.currency))].sort();
  const held = $("#currency").value;
  $("#currency").replaceChildren(...found.map((name) => element("option", { value: name, textContent: name === "XXX" ? "none stated" : name })));
  $("#currency").value = found.includes(held) ? held : found.find((name) => name !== "XXX") ?? found[0] ?? "";
  $("#currency").parentElement.hidden = found.length < 2;
  return $("#currency").value;
}

function showFigures(sales, late, refunds, currency) {
  const total = (rows, name) => rows.reduce((all, row) => all + row[name], 0);
  const orders = total(sales, "orders"), promised = total(late, "promised");
  const gross = sum(sales.map((row) => row.gross));
  const figures = {
    "Sales": currency ? money(gross, currency) : "–",
    "Orders": count(orders),
    "Average order": orders ? money((BigInt(gross) / BigInt(orders)).toString(), currency) : "–",
    "Cancelled": count(total(sales, "cancelled")),
    "Late": promised ? `${Math.round((100 * total(late, "late")) / promised)} %` : "–",
    "Given back": currency ? money(sum(refunds.map((row) => row.amount)), currency) : "–",
  };
  $("#figures").replaceChildren(...Object.entries(figures).map(([name, text]) =>
    element("dl", {}, element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: text })))));
}

function drawIn(id, heading, onCsv, rows, series, how) {
  const section = $(`#${id}`);
  fill(section, heading, onCsv, ...(rows.length ? [] : [nothing()]));
  if (rows.length) chart(section, rows, series, how);
}

function showSales(rows, steps, currency) {
  const short = (value) => new Intl.NumberFormat(undefined, { notation: "compact" }).format(value);
  const series = [{ name: `Sales, ${currency}`, value: (row) => Number(major(row.gross, currency)), text: (row) => money(row.gross, currency) }];
  drawIn("sales", "Sales", csv("sales", steps), rows, series, { kind: "bars", axis: short });
  const counts = [
    { name: "Orders", value: (row) => row.orders, text: (row) => count(row.orders) },
    { name: "Cancelled", value: (row) => row.cancelled, text: (row) => count(row.cancelled) },
  ];
  drawIn("orders", "Orders", csv("sales", steps), rows, counts, { kind: "bars", axis: short });
}

function showTimes(rows, steps) {
  const stage = rows.some((row) => row.stage === "preparing") ? "preparing" : rows[0]?.stage;
  const series = [["Half are done in", "p50_seconds"], ["9 of 10", "p90_seconds"], ["99 of 100", "p99_seconds"]].map(([name, field]) =>
    ({ name, value: (row) => row[field], text: (row) => span(row[field]) }));
  const of = rows.filter((row) => row.stage === stage && row.station === "");
  drawIn("times", `Time orders are ${stage ?? "preparing"}`, csv("times", steps), of, series, { kind: "lines", axis: span, steps: [10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400] });
}

function showLate(rows, steps) {
  const series = [
    { name: "With a promised time", value: (row) => row.promised, text: (row) => count(row.promised) },
    { name: "Late", value: (row) => row.late, text: (row) => count(row.late) },
  ];
  drawIn("late-orders", "Late orders", csv("late-orders", { bucket: "none" }), rows.filter((row) => row.promised > 0), series, { kind: "bars", axis: count });
}

function showRefunds(rows, steps, currency) {
  const series = [{ name: `Given back, ${currency}`, value: (row) => Number(major(row.amount, currency)), text: (row) => money(row.amount, currency) }];
  drawIn("refunds", "Refunds", csv("refunds", { bucket: "none" }), rows, series, { kind: "bars", axis: count });
}

function showItems(rows, whole, currency) {
  const best = rows.toSorted((one, other) => Number(other.revenue) - Number(one.revenue)).slice(0, SHOWN_ITEMS);
  const cells = best.map((row) => [row.name, row.quantity, money(row.revenue, currency)]);
  fill($("#items"), "Best-selling items", csv("items", whole), best.length ? table(["Item", "Quantity", "Sales"], cells) : nothing());
}

function showVenues(rows, whole, currency) {
  const cells = rows.map((row) => [row.venue_id, count(row.orders), money(row.gross, currency), money(row.refunded, currency)]);
  $("#venues").hidden = false;
  fill($("#venues"), "Venues", csv("sales", whole), rows.length ? table(["Venue", "Orders", "Sales", "Given back"], cells) : nothing());
}

const day = (ago) => new Date(Date.now() - ago * DAY_MS).toLocaleDateString("sv"); // 2026-11-24, in this device's zone
[$("#from").value, $("#to").value] = [day(13), day(0)];
begin();
