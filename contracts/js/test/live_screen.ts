// A screen in Node for tests of the whole system: follows what its argument says, prints a line of JSON for each thing
// that it learns, and asks standard input for a token whenever it needs one.

import { createInterface } from "node:readline";
import { followVenue } from "../src/index.ts";

const { url, queryUrl, venue } = JSON.parse(process.argv[2] ?? "{}") as { url: string; queryUrl?: string; venue: string };
const say = (what: object): boolean => process.stdout.write(`${JSON.stringify(what)}\n`);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const follower = followVenue({
  url, venue, ...(queryUrl === undefined ? {} : { queryUrl }),
  token: async () => {
    say({ asks: "token" });
    return (await lines.next()).value as string;
  },
  onStatus: (status) => say({ status }),
  onOrders: ({ orders, events, whole }) => {
    const shown = events.map(({ order_id, version, actor }) => ({ order_id, version, actor }));
    say({ orders, events: shown, whole, clock: follower?.serverNow() });
  },
});
