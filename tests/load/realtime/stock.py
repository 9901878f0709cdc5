"""What python-socketio gives without further thought: one emit a room and window, on uvicorn with its defaults."""

import asyncio
import json
import sys
from typing import Any

import socketio
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from load.realtime.feed import listen


async def run(port: int, feed_port: int, window_ms: int) -> None:
    """Serve until cancelled."""
    sio = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins=[])
    waiting: dict[str, list[Any]] = {}
    emitting: set[asyncio.Task[None]] = set()
    loop = asyncio.get_running_loop()

    def flush(room: str) -> None:
        data = (waiting.pop(room), {"room": room})
        task = loop.create_task(sio.emit("batchOrderUpdates", data, room=room))
        emitting.add(task)
        task.add_done_callback(emitting.discard)

    def take(room: str, event: bytes) -> None:
        if room in waiting:
            waiting[room].append(json.loads(event))
        else:
            waiting[room] = [json.loads(event)]
            loop.call_later(window_ms / 1000, flush, room)

    async def subscribe(sid: str, wish: dict[str, str]) -> dict[str, str]:
        await sio.enter_room(sid, wish["room"])
        return {"position": "0"}

    def connect(*_: Any) -> None:
        """Let everybody in."""

    sio.on("connect", connect)
    sio.on("subscribe", subscribe)
    await listen(feed_port, take)
    app = socketio.ASGIApp(sio, Starlette(routes=[Route("/readyz", lambda _: PlainTextResponse("ok"))]))
    await uvicorn.Server(uvicorn.Config(app, port=port, log_level="error")).serve()


if __name__ == "__main__":
    uvloop.run(run(*map(int, sys.argv[1:4])))
