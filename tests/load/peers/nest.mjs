import "reflect-metadata";
import { Body, Controller, Get, Headers, Module, Param, Post } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { Server } from "socket.io";
import { openStore, place, verify } from "./store.mjs";

const pool = await openStore();
let io;

class Orders {
  place(venue, headers, order) {
    return place(pool, io, verify(headers.authorization), venue, headers["idempotency-key"], order);
  }
  ready() { return "ready"; }
}
// decorators by hand: plain JavaScript needs no compiler
const on = (name) => Object.getOwnPropertyDescriptor(Orders.prototype, name);
Post("v1/venues/:venue/orders")(Orders.prototype, "place", on("place"));
Param("venue")(Orders.prototype, "place", 0);
Headers()(Orders.prototype, "place", 1);
Body()(Orders.prototype, "place", 2);
Get("readyz")(Orders.prototype, "ready", on("ready"));
Controller()(Orders);
class App {}
Module({ controllers: [Orders] })(App);

const app = await NestFactory.create(App, { logger: false });
io = new Server(app.getHttpServer());
await app.listen(Number(process.env.HTTP_PORT), "127.0.0.1");
