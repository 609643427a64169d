"""The bot with Celery: the web process verifies and enqueues, workers answer.

    python celery_bot.py                       # the web process
    celery -A celery_bot worker                # the workers

Nothing is lost when a worker dies: its message goes back to the broker, and is tried again once the
inbox's lease is over. The inbox is what makes it one answer: Celery, like Prelude, may deliver the same
thing twice. Celery keeps no order: two messages of one sender may be answered in any.
"""

import os
import random
from typing import Any

from celery import Celery
from flask import Flask, Response, request
from werkzeug.serving import make_server

import backchat

# SQLite needs no server, and is for trying it out: it forgets what a worker holds whose whole machine
# dies. In production: redis://, amqp://.
broker = os.environ.get("CELERY_BROKER_URL", "sqla+sqlite:///celery.db")
celery = Celery("celery_bot", broker=broker)
celery.conf.worker_prefetch_multiplier = 1
if broker.startswith(("redis", "sqs")):
    # When a machine dies, others get its messages after this time: longer than the longest wait below.
    celery.conf.broker_transport_options = {"visibility_timeout": 900}
webhook = backchat.Webhook()
inbox = backchat.Inbox(
    backchat.Client(),
    webhook,
    store=os.environ.get("BACKCHAT_STORE", "sqlite:///inbox.db"),
    lease=float(os.environ.get("BACKCHAT_LEASE", "120")),  # longer than the slowest handler
)
web = Flask(__name__)


@inbox.on_message
def answer(message: backchat.InboundMessage) -> str | None:
    return f"You said: {message.text}"


@celery.task(
    bind=True,
    acks_late=True,  # acknowledged when it is done, not when it begins
    reject_on_worker_lost=True,  # a worker that was killed gives it back
    max_retries=None,  # the inbox knows when to give up
    autoretry_for=(Exception,),
    retry_backoff=2,
    retry_backoff_max=300,
)
def work(self: Any, event: str) -> None:
    receipt = inbox.handle(backchat.Event.from_json(event))
    if receipt.status == 503:  # nothing was sent: the handler failed, or another worker is at it
        backoff = random.uniform(0.5, 1) * min(2 ** (self.request.retries + 1), 300)
        asked = float(receipt.headers.get("Retry-After", 0))
        raise self.retry(countdown=max(asked, backoff))


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
