// Lets the board be opened without a network. What must not break: whoever has a network gets what the notifier serves,
// never what was kept; and what is kept is one whole build, checked by its hashes, so that no upgrade leaves a mixture.

/** Path → SHA-256 of what this build serves there; written in by build.mjs. A changed file makes another worker. */
declare const SHELL: Record<string, string>;
declare const VERSION: string;

interface WorkerEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends WorkerEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Worker extends EventTarget {
  readonly location: Location;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
}

const worker = self as unknown as Worker;
const KEPT = `board-${VERSION}`;
const ADDRESSES = "config.json"; // no part of the build; the last that was heard

async function keepShell(): Promise<void> {
  const cache = await caches.open(KEPT);
  for (const [path, digest] of Object.entries(SHELL)) {
    const answer = await fetch(path, { cache: "no-cache" });
    const bytes = await answer.clone().arrayBuffer();
    const found = [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))];
    const hex = found.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex !== digest) throw new Error(`${path} is of another build: a roll-out is under way, the browser tries again`);
    await cache.put(path, answer);
  }
  await cache.add(ADDRESSES);
  await worker.skipWaiting();
}

async function forgetOthers(): Promise<void> {
  for (const name of await caches.keys()) if (name.startsWith("board-") && name !== KEPT) await caches.delete(name);
  await worker.clients.claim();
}

/** What the notifier says; what is kept only where there is no notifier to be asked. */
async function answerOf(request: Request, path: string): Promise<Response> {
  const answer = await fetch(request).catch(() => undefined);
  const cache = await caches.open(KEPT);
  if (answer?.ok && path === ADDRESSES) await cache.put(path, answer.clone());
  if (answer && answer.status < 500) return answer;
  return (await cache.match(path)) ?? answer ?? Response.error();
}

worker.addEventListener("install", (event) => (event as WorkerEvent).waitUntil(keepShell()));
worker.addEventListener("activate", (event) => (event as WorkerEvent).waitUntil(forgetOthers()));
worker.addEventListener("fetch", (event) => {
  const { request } = event as FetchEvent;
  const base = new URL("./", worker.location.href).href;
  const [address = ""] = request.url.split(/[?#]/);
  if (request.method !== "GET" || !address.startsWith(base)) return;
  const path = address === base ? "./" : address.slice(base.length);
  if (path in SHELL || path === ADDRESSES) (event as FetchEvent).respondWith(answerOf(request, path));
});
