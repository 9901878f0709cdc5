// The staff page: what is shown, what is asked for, and what the screen says of itself.
import { io } from "./socket.io.esm.min.js";
import { OPEN, Orders } from "./orders.js";

const NEXT = {
  placed: ["accept", "Accept"], accepted: ["start", "Start"], preparing: ["ready", "Mark ready"], ready: ["complete", "Hand over"],
};
const [WARN_MINUTES, LATE_MINUTES] = [8, 15];
const RETRY_MS = [500, 1000, 2000, 5000];
const BREATH_MS = 2000; // between two snapshots, whatever goes wrong
const $ = (selector, within = document) => within.querySelector(selector);
const tickets = new Map(); // order id → its element, kept while the order is open so that focus is never lost
const orders = new Orders();
const clock = { server: Date.now(), at: performance.now() };
const serverNow = () => clock.server + performance.now() - clock.at; // ages never depend on the tablet's clock
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let session, socket, config, round = 0, synchronising = false, synchronisedAt = -Infinity;
let quietSince = null, feedStale = null;

function element(tag, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

// --- what the screen says of itself ---------------------------------------------------------------------------

function show(state, text, age = "") {
  document.body.dataset.state = state;
  if ($("#status-text").textContent !== text) $("#status-text").textContent = text; // is read out: only when it changes
  $("#data-age").textContent = age;
}

function showConnection() {
  if (["entry", "loading"].includes(document.body.dataset.state)) return;
  if (quietSince !== null) show("offline", "Offline, reconnecting", ` · data is ${span(performance.now() - quietSince)} old`);
  else if (feedStale) show("stale", `Updates delayed since ${hours(feedStale)}`);
  else show("live", "Live");
}

const hours = (time) => new Date(time).toLocaleTimeString([], { timeStyle: "short" });

function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
}

function askForToken(why = "") {
  round += 1;
  socket?.disconnect();
  $("#entry-why").textContent = why;
  show("entry", why ? "Not allowed" : "No token yet");
  $("#token").focus();
}

let noticeTimer;
function notice(text) {
  $("#notice").textContent = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => ($("#notice").textContent = ""), 5000);
}

// --- tickets --------------------------------------------------------------------------------------------------

const CHANGE = { remove: "− no", substitute: "⇄", add: "+" };

function itemLine(item) {
  const modifiers = (item.modifiers ?? []).map((modifier) => {
    const times = (modifier.quantity ?? "1") === "1" ? "" : ` × ${modifier.quantity}`;
    return element("li", { className: `modifier ${modifier.action}` }, `${CHANGE[modifier.action] ?? "+"} ${modifier.name}${times}`);
  });
  const ready = ["ready", "served"].includes(item.state);
  return element("li", { className: `item ${item.state}` },
    element("span", { className: "quantity" }, `${item.quantity} ×`),
    element("span", { className: "name" }, item.name,
      ready ? element("span", { className: "done" }, " ✔", element("span", { className: "unseen" }, " ready")) : "",
      item.state === "voided" ? element("span", { className: "unseen" }, " voided") : "",
      modifiers.length ? element("ul", {}, ...modifiers) : "",
      item.notes ? element("span", { className: "note" }, item.notes) : ""));
}

function fill(ticket, order) {
  const label = order.display_number ?? order.external_ref?.id ?? order.order_id.slice(0, 4).toUpperCase();
  const table = order.table && `Table ${order.table.label}${order.table.area ? `, ${order.table.area}` : ""}`;
  const place = table ?? order.guest?.name ?? (order.dining_option ?? "").replaceAll("_", " ");
  const allergens = order.allergens?.length ? `⚠ Allergens: ${order.allergens.join(", ")}` : "";
  const [verb, words] = NEXT[order.status];
  const button = $("button", ticket) ?? element("button", { type: "button" }); // kept, and with it the focus
  button.textContent = words;
  button.setAttribute("aria-label", `${words} order ${label}`);
  button.removeAttribute("aria-disabled");
  button.onclick = () => move(order, verb, label, button);
  ticket.replaceChildren(
    element("h3", {}, element("span", { className: "number" }, label), element("span", { className: "age" })),
    element("p", { className: "place" }, [place, order.channel].filter(Boolean).join(" · ")),
    ...(allergens ? [element("p", { className: "allergens" }, allergens)] : []),
    element("ul", { className: "items" }, ...Object.values(order.items ?? {}).map(itemLine)),
    ...(order.notes ? [element("p", { className: "note" }, order.notes)] : []), button);
  ticket.dataset.version = order.version;
  ticket.placedAt = Date.parse(order.placed_at);
  showAge(ticket);
}

function showAge(ticket) {
  const minutes = Math.max(0, Math.floor((serverNow() - ticket.placedAt) / 60000));
  const urgency = minutes >= LATE_MINUTES ? "late" : minutes >= WARN_MINUTES ? "slow" : "";
  const text = `${{ late: "‼ ", slow: "! " }[urgency] ?? ""}${minutes} min`;
  const age = $(".age", ticket);
  if (age.textContent !== text) age.textContent = text;
  ticket.dataset.urgency = urgency;
}

function draw() {
  const focused = document.activeElement;
  const open = new Set();
  for (const status of OPEN) {
    const section = $(`section[data-status=${status}]`), list = $("ol", section), found = orders.inStatus(status);
    found.forEach((order, place) => {
      open.add(order.order_id);
      const ticket = tickets.get(order.order_id) ?? element("li", { className: "ticket" });
      tickets.set(order.order_id, ticket);
      if (Number(ticket.dataset.version) !== order.version) fill(ticket, order);
      if (list.children[place] !== ticket) list.insertBefore(ticket, list.children[place] ?? null);
    });
    $(".count", section).textContent = found.length;
  }
  for (const [id, ticket] of tickets) if (!open.has(id)) { ticket.remove(); tickets.delete(id); }
  document.body.classList.toggle("none", open.size === 0);
  if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
}

function announce(changed) {
  const arrived = changed.filter((order) => order.version === 1);
  const name = (order) => `order ${order.display_number ?? ""} ${order.table ? `table ${order.table.label}` : ""}`.trim();
  if (arrived.length) $("#announcements").textContent = `New: ${arrived.map(name).join(", ")}`;
}

// --- what is asked for ------------------------------------------------------------------------------------------

const authorized = () => ({ Authorization: `Bearer ${session.token}` });

async function move(order, verb, label, button) {
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true"); // until the room brings the new version; `disabled` would drop the focus
  const key = `board-${order.order_id}-${verb}-${order.version}`; // the same tap twice is one request
  const headers = { ...authorized(), "Idempotency-Key": key };
  const address = `${venueAt(config.order_api_url)}/orders/${order.order_id}/${verb}`;
  const answer = await fetch(address, { method: "POST", headers }).catch(() => null);
  if (answer?.ok) return;
  button.removeAttribute("aria-disabled");
  if (answer === null) notice(`Order ${label}: no connection, try again.`);
  else if (answer.status === 409) notice(`Order ${label} was already moved on.`);
  else notice(`Order ${label}: ${(await detail(answer)) ?? `not done (${answer.status})`}`);
}

/** Fetch the snapshot and subscribe at its position. A newer call makes this one give up. */
async function synchronise() {
  const mine = ++round;
  synchronising = true;
  if (socket.connected) await ask("unsubscribe", { room: room() }).catch(() => null); // then nothing live is in flight
  await sleep(synchronisedAt + BREATH_MS - performance.now());
  for (let attempt = 0; mine === round; attempt += 1) {
    const answer = await fetchSnapshot();
    if (mine !== round) return;
    if (answer?.ok) {
      takeSnapshot(await answer.json());
      return socket.connected ? subscribe() : socket.connect();
    }
    if (answer && [400, 401, 403, 404].includes(answer.status)) {
      return askForToken((await detail(answer)) ?? "This token does not open this venue.");
    }
    quietSince ??= performance.now();
    if (tickets.size === 0) show("loading", "The order service does not answer, trying again…");
    else showConnection();
    await sleep(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]);
  }
}

const venueAt = (api) => `${api}/v1/venues/${encodeURIComponent(session.venue)}`;
const fetchSnapshot = () =>
  fetch(`${venueAt(config.query_api_url)}/snapshot`, { headers: authorized(), cache: "no-store" }).catch(() => null);
const detail = (answer) => answer.json().then((problem) => problem.detail, () => undefined);

function takeSnapshot(snapshot) {
  setClock(snapshot.server_time);
  orders.reset(snapshot);
  synchronising = false;
  synchronisedAt = performance.now();
  draw();
}

function setClock(time) {
  const server = Date.parse(time);
  if (Number.isFinite(server)) Object.assign(clock, { server, at: performance.now() });
}

const room = () => `venue:${session.venue}`;
const ask = (name, body) => socket.timeout(10000).emitWithAck(name, body);

function subscribe() {
  const mine = round;
  // a callback, not a promise: live batches may follow the answer at once
  socket.timeout(10000).emit("subscribe", { room: room(), position: orders.position }, (failure, answer) => {
    if (mine !== round) return;
    if (failure || answer.resync) return void synchronise();
    if (answer.error) return askForToken(answer.error);
    orders.position = answer.position;
    quietSince = null;
    show("live", "Live");
    showConnection();
  });
}

function onBatch(events, meta) {
  if (synchronising || !orders.position || meta.room !== room()) return;
  setClock(meta.server_time);
  const changed = orders.apply(events, meta);
  if (changed === null) return void synchronise();
  draw();
  announce(changed);
}

function connect() {
  socket = io({
    auth: { token: session.token }, autoConnect: false, transports: ["websocket", "polling"], tryAllTransports: true,
    reconnectionDelay: 300, reconnectionDelayMax: 4000,
  });
  socket.on("connect", () => synchronising || subscribe());
  socket.on("batchOrderUpdates", onBatch);
  socket.on("resync", () => void synchronise());
  socket.on("feedStatus", ({ stale, since }) => { feedStale = stale ? since : null; showConnection(); });
  socket.on("connect_error", (error) => (socket.active ? lost() : askForToken(error.message)));
  socket.on("disconnect", (reason) => { lost(); if (reason === "io server disconnect") socket.connect(); }); // it will say why
}

function lost() {
  quietSince ??= performance.now();
  feedStale = null;
  showConnection();
}

// --- beginning --------------------------------------------------------------------------------------------------

function firstVenueOf(token) {
  try {
    const { venues } = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    return Array.isArray(venues) ? venues[0] ?? "" : "";
  } catch { return ""; }
}

async function begin() {
  const given = new URLSearchParams(location.hash.slice(1)), token = (given.get("token") ?? "").trim();
  session = { token, venue: given.get("venue")?.trim() || firstVenueOf(token) };
  $("#venue").textContent = session.venue || "Orders";
  document.title = session.venue ? `${session.venue} · orders` : "Orders";
  if (!token) return askForToken();
  if (!session.venue) return askForToken("Name the venue: this token is for all of an organization’s.");
  show("loading", "Fetching orders…");
  while (!config) {
    config = await fetch("config.json").then((answer) => answer.json()).catch(() => null);
    if (!config) await sleep(1000);
  }
  socket?.disconnect();
  orders.reset({ position: null, orders: [] });
  draw();
  connect();
  await synchronise();
}

$("#entry").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = new URLSearchParams(new FormData(event.target)).toString();
  if (location.hash.slice(1) === wanted) begin();
  else location.hash = wanted;
});
addEventListener("hashchange", begin);
setInterval(() => { tickets.forEach(showAge); showConnection(); }, 1000);
begin();
