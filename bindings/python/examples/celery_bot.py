"""The bot with Celery: the web process verifies and enqueues, workers answer.

    python celery_bot.py                       # the web process
    celery -A celery_bot worker                # the workers

The inbox is what makes it one answer: Celery, like Prelude, may deliver the same thing twice.
"""

import os

from celery import Celery
from flask import Flask, Response, request
from werkzeug.serving import make_server

import backchat

# SQLite needs no server, and is for trying it out. In production: redis://, amqp://.
broker = os.environ.get("CELERY_BROKER_URL", "sqla+sqlite:///celery.db")
celery = Celery("celery_bot", broker=broker)
webhook = backchat.Webhook()
inbox = backchat.Inbox(
    backchat.Client(), webhook, store=os.environ.get("BACKCHAT_STORE", "sqlite:///inbox.db")
)
web = Flask(__name__)


@inbox.on_message
def answer(message: backchat.InboundMessage) -> str | None:
    return f"You said: {message.text}"


@celery.task(acks_late=True, max_retries=None)
def work(event: str) -> None:
    receipt = inbox.handle(backchat.Event.from_json(event))
    if receipt.status == 503:  # nothing was sent yet: again
        raise work.retry(countdown=float(receipt.headers.get("Retry-After", 5)))


@web.post("/webhooks/prelude")
def prelude() -> Response:
    try:
        event = webhook.verify(request.get_data(), request.headers)
    except backchat.BackchatError as error:
        return Response(error.code, error.webhook_status)
    work.delay(event.raw.decode())  # when the broker is down, this is a 500: Prelude delivers again
    return Response("queued")


if __name__ == "__main__":
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "8000")), web, threaded=True)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
