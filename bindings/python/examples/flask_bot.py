"""The bot in Flask: the handler runs in the thread and the context of its request."""

import os

from flask import Flask, Response, current_app, request
from werkzeug.serving import make_server

import backchat

inbox = backchat.Inbox(
    backchat.Client(),
    backchat.Webhook(),
    store=os.environ.get("BACKCHAT_STORE", "sqlite:///inbox.db"),
)

app = Flask(__name__)
app.config["GREETING"] = "You said"


@inbox.on_message
def answer(message: backchat.InboundMessage) -> str | None:
    return f"{current_app.config['GREETING']}: {message.text}"


@app.post("/webhooks/prelude")
def prelude() -> Response:
    receipt = inbox.receive(request.get_data(), request.headers)
    return Response(receipt.body, receipt.status, receipt.headers, mimetype="text/plain")


if __name__ == "__main__":  # or `gunicorn flask_bot:app`
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "8000")), app, threaded=True)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
