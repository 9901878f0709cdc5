// Socket.IO for Node with its best options: no compression, ws with bufferutil, one emit a room and window.
import { createServer } from "node:http";
import { createServer as listen } from "node:net";
import { Server } from "socket.io";

const [port, feedPort, windowMs] = process.argv.slice(2).map(Number);
const http = createServer((request, response) => response.end("ok"));
const io = new Server(http, { perMessageDeflate: false, httpCompression: false, serveClient: false });
io.engine.on("connection", (socket) => { socket.request = null; });
io.on("connection", (socket) => {
  socket.on("subscribe", ({ room }, answer) => { socket.join(room); answer({ position: "0" }); });
});

const waiting = new Map();
function take(room, event) {
  const batch = waiting.get(room);
  if (batch) { batch.push(event); return; }
  waiting.set(room, [event]);
  setTimeout(() => {
    const events = waiting.get(room);
    waiting.delete(room);
    io.to(room).emit("batchOrderUpdates", events, { room });
  }, windowMs);
}
listen((socket) => {
  let rest = "";
  socket.setEncoding("utf8").on("data", (data) => {
    const lines = (rest + data).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const tab = line.indexOf("\t");
      take(line.slice(0, tab), JSON.parse(line.slice(tab + 1)));
    }
  });
}).listen(feedPort, "127.0.0.1");
http.listen(port, "127.0.0.1", 2048);
