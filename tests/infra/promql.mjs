// Says where PromQL is none, by Prometheus' own grammar: `node promql.mjs '["up", …]'` prints the faulty ones, as JSON.

import { parser } from "@prometheus-io/lezer-promql";

function fault(query) {
  let at;
  parser.parse(query).iterate({ enter: (node) => { if (node.type.isError) at ??= node.from; } });
  return at;
}

const faulty = JSON.parse(process.argv[2]).map((query) => ({ query, at: fault(query) })).filter(({ at }) => at !== undefined);
console.log(JSON.stringify(faulty));
