"""Answers every WhatsApp message, once. Needs nothing but Python and Backchat.

The settings come from the environment: `PRELUDE_API_TOKEN`, `PRELUDE_WEBHOOK_PUBLIC_KEY`, and for a
sandbox `PRELUDE_BASE_URL`.
"""

import os
from wsgiref.simple_server import make_server

import backchat

inbox = backchat.Inbox(
    backchat.Client(),
    backchat.Webhook(),
    store=os.environ.get("BACKCHAT_STORE", "sqlite:///inbox.db"),
)


@inbox.on_message
def answer(message: backchat.InboundMessage) -> str | None:
    return f"You said: {message.text}"


app = inbox.wsgi()  # in production: `gunicorn quickstart:app`

if __name__ == "__main__":
    with make_server("127.0.0.1", int(os.environ.get("PORT", "8000")), app) as server:
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
