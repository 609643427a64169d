"""Two-way WhatsApp messaging for the Prelude API: every message answered at most once.

```python
import backchat

inbox = backchat.Inbox(backchat.Client(), backchat.Webhook(), store="sqlite:///inbox.db")

@inbox.on_message
def answer(message: backchat.InboundMessage) -> str | None:
    return f"You said: {message.text}"

receipt = inbox.receive(body, headers)      # in any framework: answer receipt.status, receipt.body
```

The pieces on their own: `Client` and `AsyncClient` send, `Webhook` verifies, `Event.from_json` reads,
`backchat.testing` is Prelude on this machine.
"""

from __future__ import annotations

import atexit
import os

from ._async_client import AsyncClient, AsyncNotify
from ._async_inbox import AsyncInbox
from ._inbox import Inbox
from ._native import (
    Answer,
    Client,
    DeliveryEvent,
    Document,
    Event,
    Failure,
    Fee,
    HandlerContext,
    Health,
    InboundMedia,
    InboundMessage,
    Notify,
    OptOutEvent,
    QueueOptions,
    Receipt,
    Record,
    ReplyResponse,
    ReplyWindow,
    SendResponse,
    Template,
    UnknownEvent,
    Webhook,
    __version__,
    _drain,
    _fork,
)
from .errors import (
    ERROR_CODES,
    ApiError,
    AuthenticationError,
    BackchatError,
    ConfigurationError,
    InsufficientBalanceError,
    InvalidPhoneNumberError,
    InvalidReplyContextError,
    MaybeSentError,
    MissingTextError,
    NotSentError,
    PhoneNumberMismatchError,
    RateLimitError,
    SentUnconfirmedError,
    SignatureVerificationError,
    StoreError,
    UnreadableEventError,
    WindowExpiredError,
)

__all__ = [
    "ERROR_CODES",
    "Answer",
    "ApiError",
    "AsyncClient",
    "AsyncInbox",
    "AsyncNotify",
    "AuthenticationError",
    "BackchatError",
    "Client",
    "ConfigurationError",
    "DeliveryEvent",
    "Document",
    "Event",
    "Failure",
    "Fee",
    "HandlerContext",
    "Health",
    "InboundMedia",
    "InboundMessage",
    "Inbox",
    "InsufficientBalanceError",
    "InvalidPhoneNumberError",
    "InvalidReplyContextError",
    "MaybeSentError",
    "MissingTextError",
    "NotSentError",
    "Notify",
    "OptOutEvent",
    "PhoneNumberMismatchError",
    "QueueOptions",
    "RateLimitError",
    "Receipt",
    "Record",
    "ReplyResponse",
    "ReplyWindow",
    "SendResponse",
    "SentUnconfirmedError",
    "SignatureVerificationError",
    "StoreError",
    "Template",
    "UnknownEvent",
    "UnreadableEventError",
    "Webhook",
    "WindowExpiredError",
    "__version__",
]

# POSTs that have begun may end before the process does.
atexit.register(_drain)
if hasattr(os, "register_at_fork"):
    # What a store holds at a fork would stay held in the child.
    os.register_at_fork(
        before=lambda: _fork("before"),
        after_in_parent=lambda: _fork("parent"),
        after_in_child=lambda: _fork("child"),
    )
