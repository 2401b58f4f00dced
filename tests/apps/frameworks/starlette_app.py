"""Starlette with what leans on its server: files and ranges, state of lifespan, middleware, disconnects, denials."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

LEFT = []


@asynccontextmanager
async def lifespan(app):
    yield {"count": 41}


async def state(request):
    return JSONResponse(request.state.count + 1)


async def file(request):
    return FileResponse(Path("big.bin"), headers={"x-own": "yes"})


async def body(request):
    size = 0
    async for part in request.stream():
        size += len(part)
    return JSONResponse({"size": size, "client": request.client.host, "url": str(request.url)})


async def forever(request):
    async def ticks():
        try:
            while True:
                yield b"tick\n"
                await asyncio.sleep(0.01)
        finally:
            LEFT.append("left")

    return StreamingResponse(ticks())


async def left(request):
    return JSONResponse(LEFT)


async def echo(socket):
    await socket.accept(subprotocol="echo" if "echo" in socket.scope["subprotocols"] else None)
    async for text in socket.iter_text():
        await socket.send_text(text.upper())


async def keep_out(socket):
    await socket.send_denial_response(PlainTextResponse("not today", 402))


async def stamp(request, next):
    answer = await next(request)
    answer.headers["x-stamp"] = "stamped"
    return answer


app = Starlette(
    lifespan=lifespan,
    middleware=[Middleware(GZipMiddleware), Middleware(BaseHTTPMiddleware, dispatch=stamp)],
    routes=[
        Route("/state", state),
        Route("/file", file),
        Route("/body", body, methods=["POST"]),
        Route("/forever", forever),
        Route("/left", left),
        Mount("/static", StaticFiles(directory=".")),
        WebSocketRoute("/echo", echo),
        WebSocketRoute("/keep-out", keep_out),
    ],
)
