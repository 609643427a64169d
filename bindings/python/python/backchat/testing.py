"""Prelude on this machine, for tests of one's own bot: no account, no network.

```python
from backchat.testing import Sandbox

with Sandbox() as sandbox:
    inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
    inbox.on_message(answer)
    event = sandbox.say("+33612345678", "Hi")
    assert inbox.receive(event.body, event.headers).status == 200
    assert sandbox.messages[0].text == "You said: Hi"
```

With pytest the fixture `backchat_sandbox` is one that ends with the test.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

from ._native import SentMessage, SignedEvent, _Sandbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType
    from typing import Any, Literal

    from ._async_client import AsyncClient
    from ._native import Client, Webhook


class _Delivery(TypedDict):
    event_id: str
    type: str
    url: str | None
    attempt: int
    at: str


class Delivery(_Delivery, total=False):
    """One attempt to post an event. Neither `status` nor `error`: it is under way."""

    status: int
    answer: str
    error: str
    next_attempt_at: str


__all__ = ["Delivery", "Sandbox", "SentMessage", "SignedEvent"]


class Sandbox:
    """A stand-in for Prelude in this process, on threads of its own: it takes messages from users,
    posts them as signed webhooks, accepts or refuses answers as the API does, tells what became of
    them, runs on a clock that you move, and breaks on request.

    A control waits for the webhooks that it posts: call it from another thread than the one that
    answers them (`await asyncio.to_thread(sandbox.say, …)` beside an application in the same loop).
    """

    def __init__(
        self,
        *,
        webhook_url: str | None = None,
        token: str | None = None,
        business_number: str | None = None,
        start_at: datetime | None = None,
    ) -> None:
        """`webhook_url`: where events of users go; `say(to=…)` sets it too. `token`: what the API
        wants (`sandbox`). `business_number`: what users write to (`+14155551234`). `start_at`: what
        the clock shows at the start, an aware datetime (now)."""
        self._native = _Sandbox(
            webhook_url=webhook_url, token=token, business_number=business_number, start_at=start_at
        )

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return self._native.url

    @property
    def token(self) -> str:
        """The token for clients."""
        return self._native.token

    @property
    def public_key(self) -> str:
        """The public key of the webhooks, in PEM."""
        return self._native.public_key

    def client(self, **options: Any) -> Client:
        """A `Client` of this sandbox, with further options."""
        from ._native import Client

        settings: dict[str, Any] = {"base_url": self.url, "api_token": self.token, **options}
        return Client(**settings)

    def async_client(self, **options: Any) -> AsyncClient:
        """An `AsyncClient` of this sandbox, with further options."""
        from ._async_client import AsyncClient

        settings: dict[str, Any] = {"base_url": self.url, "api_token": self.token, **options}
        return AsyncClient(**settings)

    def webhook(self) -> Webhook:
        """A `Webhook` with this sandbox's key."""
        from ._native import Webhook

        return Webhook(self.public_key)

    def say(
        self,
        from_: str,
        text: str | None = None,
        *,
        file: bytes | bytearray | memoryview | None = None,
        content_type: str = "application/octet-stream",
        filename: str | None = None,
        to: str | None = None,
        business_number: str | None = None,
        channel: Literal["whatsapp", "rcs"] = "whatsapp",
        wait: bool = True,
    ) -> SignedEvent:
        """A user writes: their window starts again, and the event is posted to `to`, the URL of your
        webhook, from now on; without one to the URL that is set, else it is only recorded. Waits for
        the first attempt to post it. The event's `body` and `headers` are what is posted.

        With `file`, its bytes, the user sends a file of at most 4 MiB, `text` is its caption, and
        `client.notify.inbound_media` fetches it."""
        if to is not None:
            self._native.set_webhook_url(to)
        sent = None if file is None else (file, content_type, filename)
        return self._native.inbound(from_, text, sent, business_number, channel, wait)

    def opt_out(
        self, from_: str, action: Literal["STOP", "START", "HELP"] = "STOP", *, wait: bool = True
    ) -> SignedEvent:
        """A user sends STOP, START or HELP. After STOP templates to them get `unsubscribed`."""
        return self._native.opt_out(from_, action, wait)

    def redeliver(self, event_id: str) -> Delivery:
        """Posts an event once more, byte for byte, and says how that went."""
        return self._native.redeliver(event_id)

    @property
    def messages(self) -> list[SentMessage]:
        """Everything that the API accepted, in order: what the users got."""
        return self._native.messages()

    @property
    def deliveries(self) -> list[Delivery]:
        """Every attempt to post an event, in the order in which they began."""
        return self._native.deliveries()

    @property
    def webhook_url(self) -> str | None:
        """Where events of users go."""
        return self._native.webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._native.set_webhook_url(url)

    @property
    def now(self) -> datetime:
        """What the sandbox's clock shows."""
        return self._native.now()

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """Moves the clock ahead. Webhooks that fall due on the way are posted at their time. Returns
        once they were, and once nothing else is under way; `advance()` only waits for that, for
        instance for the delivery events of a reply."""
        by = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self._native.advance(by)

    def fail_next(
        self,
        kind: Literal["status", "delay", "reset", "cut_body", "delivery"],
        *,
        count: int = 1,
        processed: bool | None = None,
        **options: Any,
    ) -> None:
        """Lets the next `count` calls of the API go wrong. `processed`: whether the API does its work
        all the same, so that the message goes out; each kind has its own default.

        `fail_next("status", status=503, code="internal", retry_after=2)`,
        `fail_next("delay", milliseconds=500)`, `fail_next("reset", after="request")` (`"head"`: before
        the body was read),
        `fail_next("cut_body")`, `fail_next("delivery", outcome="failed", reason="carrier_rejected")`.
        """
        fault = {"kind": kind, "count": count, **options}
        if processed is not None:
            fault["processed"] = processed
        self._native.fail_next(fault)

    def clear_faults(self) -> None:
        """Forgets the faults that did not happen yet."""
        self._native.clear_faults()

    def account(self, **changes: Any) -> dict[str, Any]:
        """What Prelude knows about the account, after `changes`: `account(balance=0)`,
        `account(blocked_numbers=["+33600000001"])`."""
        return self._native.account(changes)

    def add_template(
        self, id: str, text: str, *, category: str = "utility", validated: bool = True
    ) -> None:
        """Adds a template, such as `add_template("template_order", "Order {{order}} is ready")`."""
        template = {"id": id, "text": text, "category": category, "validated": validated}
        self._native.add_template(template)

    def reset(self) -> None:
        """Forgets everything and starts again; the key, the token and the address stay."""
        self._native.reset()

    def close(self) -> None:
        """Stops the sandbox, and waits until its port is free. `with` does it."""
        self._native.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Sandbox({self.url!r})"
