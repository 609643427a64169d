"""The bot in FastAPI: handlers are `async def`, and run in the task of their request."""

import os
import socket

import uvicorn
from fastapi import FastAPI
from starlette.routing import Route

import backchat

inbox = backchat.AsyncInbox(
    backchat.AsyncClient(),
    backchat.Webhook(),
    store=os.environ.get("BACKCHAT_STORE", "sqlite:///inbox.db"),
)


@inbox.on_message
async def answer(message: backchat.InboundMessage) -> str | None:
    return f"You said: {message.text}"


# A route, not `app.mount`: that would answer the path without a slash at its end with a redirect.
app = FastAPI(routes=[Route("/webhooks/prelude", inbox.asgi())])

if __name__ == "__main__":  # or `uvicorn fastapi_bot:app`
    with socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "8000")))) as listener:
        print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listener])
