import Fastify from "fastify";
import { Server } from "socket.io";
import { openStore, place, verify } from "./store.mjs";

const pool = await openStore();
const app = Fastify();
const io = new Server(app.server);
const body = { type: "object", required: ["business_date", "items"], properties: { business_date: { type: "string" }, items: { type: "array", minItems: 1, items: {
  type: "object", required: ["name", "quantity", "unit_price"], properties: { name: { type: "string" }, quantity: { type: "string" },
    unit_price: { type: "object", required: ["amount", "currency"], properties: { amount: { type: "integer" }, currency: { type: "string" } } } } } } } };
app.post("/v1/venues/:venue/orders", { schema: { body } }, async (request, reply) => {
  const claims = verify(request.headers.authorization);
  reply.code(201);
  return place(pool, io, claims, request.params.venue, request.headers["idempotency-key"], request.body);
});
app.get("/readyz", async () => "ready");
await app.listen({ host: "127.0.0.1", port: Number(process.env.HTTP_PORT) });
