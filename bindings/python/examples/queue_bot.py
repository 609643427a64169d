"""The bot with a queue: each message is stored, Prelude gets its 200 at once, and threads of this
process answer. For handlers that are slow, and for several processes on one Postgres:
`BACKCHAT_STORE=postgres://user@host/database`.
"""

import os
import threading
from wsgiref.simple_server import make_server

import backchat

inbox = backchat.Inbox(
    backchat.Client(),
    backchat.Webhook(),
    store=os.environ.get("BACKCHAT_STORE", "sqlite:///inbox.db"),
    queue=backchat.QueueOptions(concurrency=16),
)


@inbox.on_message
def answer(message: backchat.InboundMessage) -> str | None:
    return f"You said: {message.text}"  # Prelude does not wait: `handler_timeout` is 90 s


@inbox.on_error
def alarm(failure: backchat.Failure) -> None:
    print(f"{failure.stage}: {failure.error}")


if __name__ == "__main__":
    worker = threading.Thread(target=inbox.run)
    worker.start()
    port = int(os.environ.get("PORT", "8000"))
    try:
        with make_server("127.0.0.1", port, inbox.wsgi()) as server:
            print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
            server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        inbox.shutdown()  # what was begun is finished; what waits stays in the store
        worker.join()
