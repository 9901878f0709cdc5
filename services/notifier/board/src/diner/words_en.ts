// English.

import type { DinerWords } from "./words.ts";

export const EN: DinerWords = {
  direction: "ltr",
  itself: "English",
  order: (label) => `Order ${label}`,
  loading: "Looking for your order…",
  steps: {
    scheduled: "Scheduled", placed: "Sent", accepted: "Accepted", preparing: "Being made", ready: "Ready", completed: "Handed over",
    cancelled: "Cancelled", rejected: "Not accepted", failed: "Not possible",
  },
  headlines: {
    scheduled: "Your order is scheduled", placed: "Your order has been sent", accepted: "The kitchen has your order",
    preparing: "Your order is being made", ready: "Your order is ready", completed: "Enjoy!",
    cancelled: "Your order was cancelled", rejected: "The kitchen could not accept your order", failed: "Your order could not be made",
  },
  ready: { fetched: "Please come and fetch it.", served: "It is on its way to you." },
  ended: "The staff can tell you more.",
  inProgress: "Your order is on its way",
  stepsLabel: "How far your order is",
  done: "done",
  since: (time) => `since ${time}`,
  placedAt: (time) => `at ${time}`,
  promised: (time) => `Ready about ${time}`,
  late: (time) => `It was meant for ${time} and takes a little longer. We are on it.`,
  scheduled: (time) => `For ${time}`,
  items: "What you ordered",
  made: (made, of) => `${made} of ${of} ready`,
  states: { new: "waiting", held: "comes later", preparing: "being made", ready: "ready", served: "served", voided: "taken off" },
  lineReady: (name) => `${name}: ready`,
  lineStruck: (name) => `${name}: taken off the order`,
  phases: { live: "Live", resyncing: "Catching up…", polling: "Slow connection: checked every few seconds", loading: "Connecting…" },
  stale: (time) => `No news from the kitchen since ${time}`,
  offline: "No connection. This was true",
  offlineFirst: "No connection. Your order appears as soon as there is one.",
  age: (seconds) => (seconds < 60 ? ` ${seconds} s ago.` : ` ${Math.floor(seconds / 60)} min ago.`),
  trouble: {
    expired: { title: "This link has expired", what: "Links to an order last for a while only. Ask the venue for a new one, or how your order is doing." },
    refused: { title: "This link does not work", what: "Perhaps not all of it was copied. Open it again from where you got it, or ask the venue." },
    missing: { title: "This order is not here any more", what: "It may be a long time ago. Ask the venue if you need to know about it." },
    noLink: { title: "Follow your order", what: "Open the link or scan the code that you got with your order: it leads here." },
  },
  language: "Language",
};
