// What both servers do with an order: check the token (once a token), INSERT a row, emit to the venue's room.
import jwt from "jsonwebtoken";
import pg from "pg";
import { randomUUID } from "node:crypto";

const known = new Map();

export function verify(header) {
  const token = header?.slice(7) ?? "";
  let claims = known.get(token);
  if (!claims) {
    claims = jwt.verify(token, process.env.JWT_SECRET, { algorithms: ["HS256"], audience: "scanserve", issuer: "scanserve" });
    known.set(token, claims);
  }
  return claims;
}

export async function openStore() {
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
  await pool.query(`CREATE TABLE IF NOT EXISTS orders (
    id uuid PRIMARY KEY, venue_id text NOT NULL, organization_id text NOT NULL, idempotency_key text NOT NULL,
    status text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), document jsonb NOT NULL, UNIQUE (venue_id, idempotency_key))`);
  await pool.query("CREATE INDEX IF NOT EXISTS idx_orders_venue_status_created ON orders(venue_id, status, created_at DESC)");
  await pool.query("CREATE INDEX IF NOT EXISTS idx_orders_organization_status_created ON orders(organization_id, status, created_at DESC)");
  return pool;
}

const INSERT = { name: "insert", text: "INSERT INTO orders (id, venue_id, organization_id, idempotency_key, status, document) VALUES ($1, $2, $3, $4, 'placed', $5) ON CONFLICT (venue_id, idempotency_key) DO NOTHING" };

export async function place(pool, io, claims, venue, key, order) {
  if (!Array.isArray(order.items) || order.items.length === 0) throw new Error("items");
  const document = { order_id: randomUUID(), venue_id: venue, organization_id: claims.org, status: "placed", placed_at: new Date().toISOString(), ...order };
  await pool.query({ ...INSERT, values: [document.order_id, venue, claims.org, key, document] });
  io.to(`venue:${venue}`).emit("orderUpdate", document);
  return document;
}
