"""FastAPI as its tutorial uses it: models, forms and files, dependencies, streams, background work, WebSockets."""

import asyncio
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, File, Form, Header, HTTPException, UploadFile, WebSocket
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

DONE = []


@asynccontextmanager
async def lifespan(app):
    yield {"greeting": "hello"}


app = FastAPI(lifespan=lifespan)


class Item(BaseModel):
    name: str
    price: float
    tags: list[str] = []


def whose(x_token: Annotated[str, Header()]) -> str:
    if x_token != "right":
        raise HTTPException(403, "wrong token")
    return "ada"


@app.post("/items/{number}", status_code=201)
async def create(number: int, item: Item, who: Annotated[str, Depends(whose)]) -> dict:
    return {"number": number, "who": who, **item.model_dump()}


@app.post("/files")
def upload(file: Annotated[UploadFile, File()], note: Annotated[str, Form()]):
    """Not async, so it runs on a thread of anyio's."""
    return {"name": file.filename, "size": len(file.file.read()), "note": note}


@app.get("/events")
async def events():
    async def lines():
        for number in range(5):
            await asyncio.sleep(0.01)
            yield f"data: {number}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


@app.post("/later")
async def later(work: BackgroundTasks):
    work.add_task(DONE.append, "done")
    return "accepted"


@app.get("/done")
async def done():
    return DONE


@app.get("/broken")
async def broken():
    raise RuntimeError("on purpose")


@app.websocket("/ws/{room}")
async def room(socket: WebSocket, room: str):
    await socket.accept()
    while True:
        told = await socket.receive_json()
        await socket.send_json({"room": room, **told})
