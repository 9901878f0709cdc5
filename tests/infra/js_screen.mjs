// A screen on the JavaScript client: `node js_screen.mjs URL TRANSPORTS ROOM`. Tells all that it sees, a JSON line each.
import { io } from "socket.io-client";

const [url, transports, room] = process.argv.slice(2);
const say = (what, more = {}) => console.log(JSON.stringify({ what, ...more }));
const socket = io(url, { transports: transports.split(","), reconnectionDelay: 100, reconnectionDelayMax: 200 });

socket.on("connect", () => {
  say("connect", { transport: socket.io.engine.transport.name });
  socket.emit("enter", { room }, (answer) => say("answer", { answer }));
});
socket.io.on("open", () => socket.io.engine.on("upgrade", (transport) => say("upgrade", { transport: transport.name })));
socket.onAny((name, ...args) => say("event", { name, args }));
socket.on("disconnect", (reason) => say("disconnect", { reason }));
socket.io.on("reconnect_attempt", () => say("again"));
process.stdin.on("data", (data) => {
  for (const asked of data.toString().trim().split("\n")) {
    if (asked === "drop") socket.io.engine.transport.close();
    else socket.emit("enter", { room: asked }, (answer) => say("answer", { answer }));
  }
});
process.stdin.on("end", () => process.exit(0));
