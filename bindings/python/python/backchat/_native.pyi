# The types of the native part. A docstring here is what `help()` shows: `tests/test_stubs.py` compares
# the two, and writes them with `--write-stubs`.

from asyncio import Future
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from os import PathLike
from types import TracebackType
from typing import Any, Final, Generic, Literal, Protocol, TypeAlias, TypeVar, final, overload, type_check_only

from typing_extensions import NotRequired, Self, TypedDict, disjoint_base

from .testing import Delivery

__version__: Final[str]
LONGEST_BODY: Final[int]
ERROR_CODES: Final[tuple[str, ...]]

_T = TypeVar("_T")
_List: TypeAlias = list[_T]

_Bytes: TypeAlias = bytes
_Body: TypeAlias = bytes | bytearray | memoryview

@type_check_only
class _HasItems(Protocol):
    def items(self) -> Iterable[tuple[str, Any]]: ...

_Headers: TypeAlias = Mapping[str, str] | _HasItems | Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]]

_State: TypeAlias = Literal[
    "queued",
    "claimed",
    "sending",
    "retrying",
    "sent",
    "rejected",
    "skipped",
    "maybe_sent",
    "given_up",
]
_Rearmed: TypeAlias = Literal["rearmed", "refused", "no_event", "unknown"]
_PreferredChannel: TypeAlias = Literal["sms", "rcs", "whatsapp"]

@type_check_only
class DocumentDict(TypedDict):
    url: str
    filename: NotRequired[str]

@disjoint_base
class Event:
    """One event of Prelude: an `InboundMessage`, a `DeliveryEvent`, an `OptOutEvent` or an
    `UnknownEvent`. `match` works by class and by attribute. Events are frozen, and compare, hash,
    copy and pickle by what Prelude wrote.

    <https://docs.prelude.so/notify/v2/documentation/webhook>
    """
    @staticmethod
    def from_json(json: str | _Body, /) -> InboundMessage | DeliveryEvent | OptOutEvent | UnknownEvent:
        """Reads an event from its JSON, as a queue or a push message carries it. **No signature is
        checked**: `verified` is `False`. For webhooks use `Webhook.verify`.

        Raises `UnreadableEventError`, which keeps the bytes.
        """
    @property
    def id(self) -> str:
        """The event's id, `evt_…`."""
    @property
    def type(self) -> str:
        """The event's type, such as `inbound.message.received`."""
    @property
    def created_at(self) -> datetime | None:
        """When the event was made, in UTC, to the microsecond. `None` when the string that came is not
        RFC 3339: `created_at_raw` has it.
        """
    @property
    def created_at_raw(self) -> str:
        """`created_at` exactly as it came, mostly with nanoseconds."""
    @property
    def raw(self) -> bytes:
        """The exact bytes of the event: keep these, and `Event.from_json` reads them again."""
    @property
    def verified(self) -> bool:
        """Whether Prelude's signature was checked."""
    def to_dict(self) -> dict[str, Any]:
        """The event as plain `dict`, `list` and `str`, flat, with the API's names (`from`) and with
        texts and numbers in full.
        """
    def to_json(self) -> str:
        """The event as Prelude wrote it: `Event.from_json` reads it again."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class InboundMessage(Event):
    """`inbound.message.received`: a message from a user, a text or a file. Answer it with
    `client.reply(message, text)`.

    `InboundMessage(message_id=…, from_=…, text=…)` makes one for the test of a handler: unverified,
    over WhatsApp, without a window. `content=…` in place of `text` is the whole content, as that of a
    photo; its `text` is the message's.

    <https://docs.prelude.so/notify/v2/documentation/whatsapp>
    """
    __match_args__: Final = ("text", "from_")
    @overload
    def __new__(cls, *, message_id: str, from_: str, text: str, content: None = None) -> Self: ...
    @overload
    def __new__(cls, *, message_id: str, from_: str, text: None = None, content: Any) -> Self: ...
    @property
    def message_id(self) -> str:
        """The message's id, `im_…`: give it as `reply_to`. The same on every redelivery."""
    @property
    def channel(self) -> str:
        """The channel, mostly `whatsapp`; `rcs` and new ones keep their word. Empty when the event
        names none.
        """
    @property
    def from_(self) -> str:
        """Who wrote, a phone number in E.164 format. (The wire's `from`.)"""
    @property
    def to(self) -> str:
        """The business number that received it; for RCS an agent. Empty when the event names none."""
    @property
    def text(self) -> str:
        """The text, or the caption of a file. Empty when there is none."""
    @property
    def content(self) -> Any:
        """All that the event's content holds, as `json.loads` reads it: mostly a `dict`. How the
        content of a file looks is not documented. `None` when the event has no content.
        """
    @property
    def reply_window(self) -> ReplyWindow:
        """Until when the user may be answered, as far as this event knows."""

@final
class DeliveryEvent(Event):
    """`transactional.message.*`: what became of a reply or a template. All but the message's id may be
    missing.

    <https://docs.prelude.so/notify/v2/documentation/webhook>
    """
    __match_args__: Final = ("status", "message_id")
    @property
    def status(
        self,
    ) -> Literal["created", "submitted", "pending_delivery", "delivered", "failed", "unknown"]:
        """What happened: `created`, `submitted`, `pending_delivery`, `delivered`, `failed`, `unknown`."""
    @property
    def message_id(self) -> str:
        """The message's id, `tx_…`: the one that the reply's answer gave. (The wire calls it `id` in
        `created` events.)
        """
    @property
    def correlation_id(self) -> str | None:
        """The correlation id of the call that sent the message."""
    @property
    def reply_to(self) -> str | None:
        """The inbound message that was answered, when the correlation id is one that Backchat made."""
    @property
    def reason(self) -> str | None:
        """Why it failed, such as `carrier_rejected`; new reasons keep their word."""
    @property
    def final_status(self) -> str | None:
        """The word of `failed` and `unknown` events: `failed` or `expired`. (The wire's `status`.)"""
    @property
    def to(self) -> str | None:
        """The receiver."""
    @property
    def channel(self) -> str | None:
        """The channel that was used."""
    @property
    def attempt_id(self) -> str | None:
        """The attempt, `att_…`."""
    @property
    def template_id(self) -> str | None:
        """The template, for templates."""
    @property
    def customer_uuid(self) -> str | None:
        """The account."""
    @property
    def message_created_at(self) -> datetime | None:
        """When the message was made, in UTC. (The wire's `payload.created_at`.)"""
    @property
    def message_created_at_raw(self) -> str | None:
        """`message_created_at` exactly as it came."""
    @property
    def expires_at(self) -> datetime | None:
        """Until when Prelude tries to deliver it, in UTC."""
    @property
    def expires_at_raw(self) -> str | None:
        """`expires_at` exactly as it came."""
    @property
    def fee(self) -> Fee | None:
        """What it cost."""

@final
class OptOutEvent(Event):
    """`marketing.subscription.*`: a user opted out of marketing messages, in again, or asked for help.

    <https://docs.prelude.so/notify/v2/documentation/webhook>
    """
    __match_args__: Final = ("kind", "from_")
    @property
    def kind(self) -> Literal["stop", "start", "help", "carrier_disconnect"]:
        """What happened: `stop`, `start`, `help` or `carrier_disconnect`."""
    @property
    def action(self) -> str | None:
        """The word that the user sent: `STOP`, `START`, `HELP`."""
    @property
    def from_(self) -> str | None:
        """Who sent it. (The wire's `from`.)"""
    @property
    def to(self) -> str | None:
        """What they wrote to; sometimes a short code."""
    @property
    def received_at(self) -> datetime | None:
        """When it was received, in UTC."""
    @property
    def received_at_raw(self) -> str | None:
        """`received_at` exactly as it came."""

@final
class UnknownEvent(Event):
    """An event of a type that this version does not know: its `type`, and its `payload`."""
    __match_args__: Final = ("type", "payload")
    @property
    def payload(self) -> Any:
        """The payload, as `json.loads` reads it."""

@final
class ReplyWindow:
    """The 24-hour window, as the event said when it was made.

    It is information, **not** a gate: a newer message of the same user may have reset the window, so
    a reply always asks the server, whose `window_expired` is the truth.
    """
    @property
    def expires_at(self) -> datetime | None:
        """When it closes, in UTC, to the microsecond. `None` for RCS, which has no window, when the
        event does not say, and when what it says is not RFC 3339.
        """
    @property
    def expires_at_raw(self) -> str | None:
        """`expires_at` exactly as it came, mostly with nanoseconds."""
    def state(self) -> Literal["open", "closed", "none", "unknown"]:
        """The state by the clock of this machine: `open`, `closed`, `none` (the channel has no window:
        RCS) or `unknown` (the event does not say).
        """
    def state_at(self, now: datetime) -> Literal["open", "closed", "none", "unknown"]:
        """The state at `now`, an aware datetime. At the very moment of `expires_at` it is `closed`."""
    def remaining(self) -> timedelta | None:
        """The time left by the clock of this machine: zero once closed, `None` without a window or when
        unknown.
        """
    def remaining_at(self, now: datetime) -> timedelta | None:
        """The time left at `now`, an aware datetime."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Fee:
    """What a message cost, in the API's own strings."""
    @property
    def amount(self) -> str | None:
        """A decimal number, such as `0.05`."""
    @property
    def currency(self) -> str | None:
        """ISO 4217, such as `EUR`."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Template:
    """A template and what fills it, without its receiver: what `reply_or_template` sends once the window
    has closed, and what an `Answer` of an inbox may name. Frozen; compares, hashes and pickles.

    <https://docs.prelude.so/notify/v2/api-reference/send-a-message>

    - `template_id`: `template_…`.
    - `variables`: exactly those that the template has.
    - `from_`: the sender (default: the account's).
    - `locale`: BCP 47 (default: the template's own).
    - `expires_at`, `schedule_at`: until when Prelude tries to deliver it, and when it is sent;
      an aware `datetime`, or RFC 3339.
    - `callback_url`: where delivery events go (default: the client's).
    - `correlation_id`: at most 80 characters that come back in every delivery event.
    - `preferred_channel`: `sms`, `rcs` or `whatsapp`; Prelude may fall back to SMS.
    - `max_auto_retries`: how often Prelude tries again by itself.
    - `document`: a file that goes along.

    Raises the `ApiError` that the API would answer with, as a `ValueError` too.
    """
    def __new__(
        cls,
        template_id: str,
        *,
        variables: Mapping[str, str] | None = None,
        from_: str | None = None,
        locale: str | None = None,
        expires_at: str | datetime | None = None,
        schedule_at: str | datetime | None = None,
        callback_url: str | None = None,
        correlation_id: str | None = None,
        preferred_channel: _PreferredChannel | None = None,
        max_auto_retries: int | None = None,
        document: Document | DocumentDict | None = None,
    ) -> Self: ...
    @property
    def template_id(self) -> str:
        """The template's id, `template_…`."""
    @property
    def variables(self) -> dict[str, str]:
        """Its variables."""
    @property
    def from_(self) -> str | None:
        """The sender."""
    @property
    def locale(self) -> str | None:
        """The language, BCP 47."""
    @property
    def expires_at(self) -> str | None:
        """Until when Prelude tries to deliver it, RFC 3339."""
    @property
    def schedule_at(self) -> str | None:
        """When it is sent, RFC 3339."""
    @property
    def callback_url(self) -> str | None:
        """Where delivery events go."""
    @property
    def correlation_id(self) -> str | None:
        """What comes back in every delivery event."""
    @property
    def preferred_channel(self) -> str | None:
        """The channel to try first."""
    @property
    def max_auto_retries(self) -> int | None:
        """How often Prelude tries again by itself."""
    @property
    def document(self) -> Document | None:
        """A file that goes along."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Document:
    """A file that goes out with a template.

    `url`: where Prelude fetches it, https. `filename`: the name that the user sees.
    """
    def __new__(cls, url: str, *, filename: str | None = None) -> Self: ...
    @property
    def url(self) -> str:
        """Where Prelude fetches it."""
    @property
    def filename(self) -> str | None:
        """The name that the user sees."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class ReplyResponse:
    """The API's answer to a reply. Frozen; compares, hashes and pickles.

    <https://docs.prelude.so/notify/v2/api-reference/send-a-reply>
    """
    __match_args__: Final = ("id",)
    @property
    def sent(self) -> Literal["reply"]:
        """Which of the two it is: `reply` or `template`."""
    @property
    def id(self) -> str:
        """The message's id, `tx_…`: delivery events name it."""
    @property
    def to(self) -> str:
        """The receiver."""
    @property
    def text(self) -> str:
        """What the user reads."""
    @property
    def reply_to(self) -> str:
        """The message that was answered, `im_…`."""
    @property
    def created_at(self) -> datetime | None:
        """When the API made the message, in UTC, to the microsecond."""
    @property
    def created_at_raw(self) -> str | None:
        """`created_at` exactly as it came, mostly with nanoseconds."""
    @property
    def callback_url(self) -> str | None:
        """Where delivery events go."""
    @property
    def correlation_id(self) -> str | None:
        """The correlation id of the message: in every delivery event."""
    @property
    def request_id(self) -> str | None:
        """The id of the request, for Prelude's support."""
    @property
    def raw(self) -> bytes:
        """The exact answer, for fields that have no name here yet."""
    def to_dict(self) -> dict[str, Any]:
        """All fields as plain `dict` and `str`, with the API's names, texts and numbers in full."""
    def to_json(self) -> str:
        """`to_dict` as JSON."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class SendResponse:
    """The API's answer to a template. Frozen; compares, hashes and pickles.

    <https://docs.prelude.so/notify/v2/api-reference/send-a-message>
    """
    __match_args__: Final = ("id",)
    @property
    def sent(self) -> Literal["template"]:
        """Which of the two it is: `reply` or `template`."""
    @property
    def id(self) -> str:
        """The message's id, `tx_…`: delivery events name it."""
    @property
    def to(self) -> str:
        """The receiver."""
    @property
    def template_id(self) -> str:
        """The template that was sent."""
    @property
    def variables(self) -> dict[str, str]:
        """Its variables."""
    @property
    def created_at(self) -> datetime | None:
        """When the API made the message, in UTC, to the microsecond."""
    @property
    def created_at_raw(self) -> str | None:
        """`created_at` exactly as it came, mostly with nanoseconds."""
    @property
    def expires_at(self) -> datetime | None:
        """Until when Prelude tries to deliver it, in UTC."""
    @property
    def expires_at_raw(self) -> str | None:
        """`expires_at` exactly as it came."""
    @property
    def from_(self) -> str | None:
        """The sender. (The wire's `from`.)"""
    @property
    def callback_url(self) -> str | None:
        """Where delivery events go."""
    @property
    def correlation_id(self) -> str | None:
        """The correlation id of the message: in every delivery event."""
    @property
    def schedule_at(self) -> datetime | None:
        """When it will be sent, in UTC."""
    @property
    def schedule_at_raw(self) -> str | None:
        """`schedule_at` exactly as it came."""
    @property
    def encoding(self) -> str | None:
        """`GSM-7` or `UCS-2`, for SMS."""
    @property
    def estimated_segment_count(self) -> int | None:
        """How many SMS it would take."""
    @property
    def request_id(self) -> str | None:
        """The id of the request, for Prelude's support."""
    @property
    def raw(self) -> bytes:
        """The exact answer, for fields that have no name here yet."""
    def to_dict(self) -> dict[str, Any]:
        """All fields as plain `dict` and `str`, with the API's names, texts and numbers in full."""
    def to_json(self) -> str:
        """`to_dict` as JSON."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Webhook:
    """Turns webhook requests into events: checks Prelude's signature over the raw body, then reads it.

    <https://docs.prelude.so/notify/v2/documentation/webhook>

    `public_key`: the webhook's public key from Prelude's dashboard, as PEM (line breaks or `\n`)
    or JWKS; several, for the days of a rotation. Default: `PRELUDE_WEBHOOK_PUBLIC_KEY`.

    Raises `ConfigurationError` for no key, a private one, or one under 2048 bits.
    """
    def __new__(cls, public_key: str | Sequence[str] | None = None) -> Self: ...
    @staticmethod
    def unverified() -> Webhook:
        """Takes every request, whoever sent it: for accounts that have not enabled signing, behind a
        network that lets only Prelude in. Events are marked `verified=False`.
        """
    def verify(
        self, body: _Body, headers: _Headers
    ) -> InboundMessage | DeliveryEvent | OptOutEvent | UnknownEvent:
        """Checks the signature over `body`, the raw bytes as they were received, and reads the event.

        `headers`: a mapping, or pairs of name and value: `request.headers` of any framework.

        Raises `SignatureVerificationError` with a `reason`, and `UnreadableEventError`, which keeps
        the bytes, when the signature is good but the body is no event. `error.webhook_status` is
        what to answer. A body that is no bytes is a `TypeError`.
        """

@final
class Client:
    """Sends replies and templates, from any number of threads. Every call sends **at most one** message,
    and an error says what is known about it: `error.outcome`.

    ```python
    with backchat.Client() as client:
        response = client.reply(message, "Thanks for reaching out!")
        print(response.id)
    ```

    What is not given comes from the environment, then from the defaults. Times are seconds, or a
    `timedelta`.

    - `api_token`: default `PRELUDE_API_TOKEN`, then `API_TOKEN`; or a function that gives it,
      asked before each call and once more after a 401, on a thread of its own. An `async def` one
      needs an `AsyncClient`.
    - `base_url`: default `PRELUDE_BASE_URL`, then `https://api.prelude.dev`; `http` for
      loopback only.
    - `timeout`: for one call in all, retries included (8 s).
    - `connect_timeout`: for a connection, TLS included (3 s).
    - `max_retries`: how often a POST that provably had no effect is tried again (2).
    - `max_connections`: 100.
    - `callback_url`: where Prelude posts the delivery events of every message (default
      `PRELUDE_CALLBACK_URL`).
    - `proxy`: default `HTTPS_PROXY` and its kin; loopback is never proxied.
    - `ca_certificate`: a certificate authority to trust besides the system's, in PEM.
    - `allow_insecure_http`: take an `http` base URL that is not loopback.
    - `user_agent`: default `backchat-python/<version>`.

    Raises `ConfigurationError` with the option's name, and `AuthenticationError` without a token.
    """
    def __new__(
        cls,
        *,
        api_token: str | Callable[[], str] | None = None,
        base_url: str | None = None,
        timeout: float | timedelta | None = None,
        connect_timeout: float | timedelta | None = None,
        max_retries: int | None = None,
        max_connections: int | None = None,
        callback_url: str | None = None,
        proxy: str | None = None,
        ca_certificate: str | bytes | None = None,
        allow_insecure_http: bool = False,
        user_agent: str | None = None,
    ) -> Self: ...
    @property
    def notify(self) -> Notify:
        """The calls as Prelude's documentation groups them."""
    def reply(
        self,
        message: InboundMessage,
        text: str,
        *,
        callback_url: str | None = None,
        correlation_id: str | None = None,
        timeout: float | timedelta | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ReplyResponse:
        """Answers `message` with `text`, as a quoted reply.

        - `callback_url`: where Prelude posts the delivery events of this reply (default: the
          client's).
        - `correlation_id`: at most 80 characters that come back in them (default:
          `<message_id>.<12 random characters>`).
        - `timeout`, `max_retries`: as for the client.
        - `extra_headers`: sent along.

        Raises `MissingTextError` and its kin before anything is sent, then what the API refuses
        (`rejected`), and what the network does: `NotSentError`, `MaybeSentError`,
        `SentUnconfirmedError`.
        """
    def reply_or_template(
        self,
        message: InboundMessage,
        text: str,
        template: Template,
        *,
        timeout: float | timedelta | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ReplyResponse | SendResponse:
        """Answers `message` with `text`, or with `template` when the server says that the window has
        closed; `response.sent` says which. Never sends the template after a `maybe_sent`. The
        template's preferred channel is the message's when it names none; Prelude may fall back to
        SMS.

        Options and errors are those of `reply` and of `notify.send`.
        """
    def close(self) -> None:
        """Ends the client: no POST begins any more, and those that have begun get 2 s to end. Calls made
        later end with `cancelled`. `with` does it.
        """
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        *_exception: type[BaseException] | BaseException | TracebackType | None,
    ) -> None: ...
    def _asyncio(self) -> _AsyncClient: ...
    def _for_threads(self) -> None: ...

@final
class Notify:
    """The `notify` group of the API."""
    def reply(
        self,
        *,
        to: str,
        text: str,
        reply_to: str,
        callback_url: str | None = None,
        correlation_id: str | None = None,
        timeout: float | timedelta | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ReplyResponse:
        """`POST /v2/notify/reply`: answers an inbound message.

        - `to`: the sender of the inbound message, in E.164, byte for byte as the webhook wrote
          it.
        - `text`: what the user reads.
        - `reply_to`: the message's id, `im_…`. The options and errors are those of
          `Client.reply`.

        <https://docs.prelude.so/notify/v2/api-reference/send-a-reply>
        """
    def send(
        self,
        *,
        template_id: str,
        to: str,
        variables: Mapping[str, str] | None = None,
        from_: str | None = None,
        locale: str | None = None,
        expires_at: str | datetime | None = None,
        schedule_at: str | datetime | None = None,
        callback_url: str | None = None,
        correlation_id: str | None = None,
        preferred_channel: _PreferredChannel | None = None,
        max_auto_retries: int | None = None,
        document: Document | DocumentDict | None = None,
        timeout: float | timedelta | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> SendResponse:
        """`POST /v2/notify`: sends a template.

        `to`: the receiver, in E.164. The other arguments are those of `Template`, then the options of
        `Client.reply`.

        <https://docs.prelude.so/notify/v2/api-reference/send-a-message>
        """
    def inbound_media(
        self,
        message_id: str,
        *,
        timeout: float | timedelta | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> InboundMedia:
        """`GET /v2/notify/inbound/{message_id}/media`: fetches the file that a user sent.

        A GET sends nothing: it is repeated also after bytes have left, and never ends as
        `maybe_sent`.

        - `message_id`: that of the inbound message, `im_…`.
        - `timeout`: for all of it (30 s, or the client's, where that is longer): more than Prelude
          waits for a webhook's answer.

        Raises `InvalidReplyContextError` for an id that is none, and `ApiError` for a message without
        a file and for a file of more than 5 MiB. The other options and errors are those of
        `Client.reply`.
        """

@final
class InboundMedia:
    """The file that a user sent."""
    @property
    def content_type(self) -> str | None:
        """The `Content-Type`, such as `image/jpeg`."""
    @property
    def filename(self) -> str | None:
        """Its name, without directories. The user chose it: do not take it for a path as it is."""
    @property
    def bytes(self) -> _Bytes:
        """The file itself."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any, /) -> Self: ...

@final
class Answer:
    """What a message handler of an inbox returns when a text alone does not say enough.

    - `text`: what the user reads.
    - `callback_url`: where Prelude posts the delivery events (default: the client's).
    - `correlation_id`: comes back in them; unique to this message, or they cannot settle it.
    - `template`: what to send instead when the server says that the window has closed.
    """
    def __new__(
        cls,
        text: str,
        *,
        callback_url: str | None = None,
        correlation_id: str | None = None,
        template: Template | None = None,
    ) -> Self: ...
    @property
    def text(self) -> str:
        """What the user reads."""
    @property
    def callback_url(self) -> str | None:
        """Where Prelude posts the delivery events."""
    @property
    def correlation_id(self) -> str | None:
        """What comes back in the delivery events."""
    @property
    def template(self) -> Template | None:
        """What is sent instead when the window has closed."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class Receipt:
    """What to answer Prelude: hand it to the web framework."""
    __match_args__: Final = ("status", "body", "headers")
    @property
    def status(self) -> int:
        """200: done, do not send it again. 401: not from Prelude. 503: send it again."""
    @property
    def body(self) -> str:
        """A word for people who read the log."""
    @property
    def headers(self) -> dict[str, str]:
        """Headers to send along: `Retry-After`, or none."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class Record:
    """One row of the ledger: what is known about the answer to one message. It holds no text and no
    number.
    """
    @property
    def message_id(self) -> str:
        """The inbound message, `im_…`."""
    @property
    def slot(self) -> str:
        """Which of several replies to the message this is."""
    @property
    def state(self) -> _State:
        """What is known: `queued`, `claimed` (a handler runs), `sending` (a POST may be under way),
        `retrying` (nothing was sent yet), `sent`, `rejected`, `skipped` (the handler gave no reply),
        `maybe_sent`, `given_up`.
        """
    @property
    def code(self) -> str | None:
        """Why it was rejected or given up, or why the last attempt was not sent."""
    @property
    def reply_id(self) -> str | None:
        """The id of the reply, `tx_…`."""
    @property
    def correlation_id(self) -> str | None:
        """The correlation id of the reply."""
    @property
    def delivery(self) -> str | None:
        """What the delivery events have told so far, such as `delivered`."""
    @property
    def attempts(self) -> int:
        """How often it was tried since it came, or since it was re-armed."""
    @property
    def created_at(self) -> datetime:
        """When the message was first seen, in UTC."""
    @property
    def updated_at(self) -> datetime:
        """When the row last changed, in UTC."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class QueueOptions:
    """How the queue of an inbox works. Times are seconds, or a `timedelta`.

    - `concurrency`: how many messages this process works on at once, of one sender always only
      one (8).
    - `max_attempts`: how often a message is tried whose handler fails, before it is `given_up` (8).
    - `backoff`: the wait after the first failure, doubled with each further one (2 s), and
      never longer than `longest_backoff` (5 minutes).
    - `poll`: how often to look for what other processes stored (0.2 s).

    Raises `ConfigurationError` with the option's name.
    """
    def __new__(
        cls,
        *,
        concurrency: int | None = None,
        max_attempts: int | None = None,
        backoff: float | timedelta | None = None,
        longest_backoff: float | timedelta | None = None,
        poll: float | timedelta | None = None,
    ) -> Self: ...
    @property
    def concurrency(self) -> int:
        """How many messages this process works on at once."""
    @property
    def max_attempts(self) -> int:
        """How often a message is tried whose handler fails."""
    @property
    def backoff(self) -> timedelta:
        """The wait after the first failure."""
    @property
    def longest_backoff(self) -> timedelta:
        """The longest wait."""
    @property
    def poll(self) -> timedelta:
        """How often to look."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class Health:
    """The health of an inbox, for a health check of the server."""
    @property
    def ok(self) -> bool:
        """`False` when messages of the queue have waited for more than a minute and no worker of any
        process has one.
        """
    @property
    def running(self) -> bool:
        """Whether `run` is under way in this process."""
    @property
    def oldest_due(self) -> timedelta | None:
        """The time since the longest waiting message of the queue became due."""
    @property
    def oldest_maybe_sent(self) -> timedelta | None:
        """The age of the oldest `maybe_sent`, which waits for somebody to decide."""
    @property
    def refused_requests(self) -> int:
        """The number of requests that this process refused, because they were not signed by Prelude."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class HandlerContext:
    """The run of a handler that is under way. A handler that takes a second parameter gets it."""
    @property
    def attempt(self) -> int:
        """The number of this attempt at the message, from 1."""
    def remaining(self) -> float:
        """The seconds until the inbox stops waiting for the handler, at least 0."""
    @property
    def cancelled(self) -> bool:
        """Whether the answer is not wanted any more: the time is over, or the inbox shuts down."""

@final
class Failure:
    """Something went wrong in an inbox, which has already dealt with it."""
    @property
    def stage(self) -> Literal["webhook", "handler", "send", "queue", "store"]:
        """Where: `webhook` (the request holds no event that can be taken), `handler` (it raised, took
        too long, or is missing), `send` (the reply was not accepted, or nobody can know), `queue`
        (messages wait and no worker takes them), `store`.
        """
    @property
    def event_id(self) -> str | None:
        """The event, as far as one was read."""
    @property
    def message_id(self) -> str | None:
        """The message that was to be answered."""
    @property
    def final(self) -> bool:
        """Whether the inbox is done with it: the message was given up, refused, or may have been sent.
        `False` when the inbox, or a redelivery, tries again.
        """
    @property
    def error(self) -> BaseException:
        """What went wrong: a `BackchatError`, or what the handler raised; a `TypeError` says what it
        returned that is no answer.
        """

@final
class SignedEvent:
    """An event of the sandbox as it is posted: hand `body` and `headers` to `Webhook.verify` or to
    `Inbox.receive`.
    """
    @property
    def id(self) -> str:
        """The event's id, `evt_…`: for `Sandbox.redeliver`."""
    @property
    def type(self) -> str:
        """The event's type, such as `inbound.message.received`."""
    @property
    def message_id(self) -> str | None:
        """The message that it is about, `im_…` or `tx_…`, if it is about one."""
    @property
    def body(self) -> bytes:
        """The raw body of the webhook."""
    @property
    def headers(self) -> dict[str, str]:
        """The headers of the webhook, its signature among them."""
    @property
    def event(self) -> InboundMessage | DeliveryEvent | OptOutEvent | UnknownEvent:
        """The event itself, unverified."""

@final
class SentMessage:
    """What the user got: a reply or a template that the sandbox accepted. Printed in full, for a test."""
    @property
    def type(self) -> Literal["reply", "template"]:
        """`reply` or `template`."""
    @property
    def id(self) -> str:
        """`tx_…`."""
    @property
    def to(self) -> str:
        """The user's number."""
    @property
    def text(self) -> str:
        """What the user reads."""
    @property
    def channel(self) -> str:
        """The channel that it goes out on."""
    @property
    def created_at(self) -> datetime:
        """When the API accepted it, by the sandbox's clock."""
    @property
    def callback_url(self) -> str | None:
        """Where its delivery events go."""
    @property
    def correlation_id(self) -> str | None:
        """The application's own name for it."""
    @property
    def reply_to(self) -> str | None:
        """For a reply: the message that is answered, `im_…`."""
    @property
    def quoted_text(self) -> str | None:
        """For a reply: the text of the message that is answered."""
    @property
    def template_id(self) -> str | None:
        """For a template: its id."""
    @property
    def variables(self) -> dict[str, str] | None:
        """For a template: what was filled in."""

# What follows is between the native part and the Python around it.

@final
class _Call(Generic[_T]):
    @property
    def future(self) -> Future[_T]: ...
    def cancel(self) -> None: ...

# `Client._asyncio()`: every call is one to await.
@type_check_only
class _AsyncClient:
    @property
    def notify(self) -> _AsyncNotify: ...
    def reply(
        self,
        message: InboundMessage,
        text: str,
        *,
        callback_url: str | None = None,
        correlation_id: str | None = None,
        timeout: float | timedelta | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> _Call[ReplyResponse]: ...
    def reply_or_template(
        self,
        message: InboundMessage,
        text: str,
        template: Template,
        *,
        timeout: float | timedelta | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> _Call[ReplyResponse | SendResponse]: ...
    def close(self) -> _Call[None]: ...

@type_check_only
class _AsyncNotify:
    def reply(
        self,
        *,
        to: str,
        text: str,
        reply_to: str,
        callback_url: str | None = None,
        correlation_id: str | None = None,
        timeout: float | timedelta | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> _Call[ReplyResponse]: ...
    def send(
        self,
        *,
        template_id: str,
        to: str,
        variables: Mapping[str, str] | None = None,
        from_: str | None = None,
        locale: str | None = None,
        expires_at: str | datetime | None = None,
        schedule_at: str | datetime | None = None,
        callback_url: str | None = None,
        correlation_id: str | None = None,
        preferred_channel: _PreferredChannel | None = None,
        max_auto_retries: int | None = None,
        document: Document | DocumentDict | None = None,
        timeout: float | timedelta | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> _Call[SendResponse]: ...
    def inbound_media(
        self,
        message_id: str,
        *,
        timeout: float | timedelta | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> _Call[InboundMedia]: ...

@final
class _AsyncToken:
    def __new__(cls, function: Callable[[], Any]) -> Self: ...

@final
class _Job:
    @property
    def handler(self) -> Callable[..., Any]: ...
    @property
    def arguments(self) -> tuple[Any, ...]: ...
    def when_unwanted(self, callback: Callable[[], object]) -> bool: ...
    def end(self) -> None: ...
    def finish(self, value: object) -> None: ...
    def fail(self, error: BaseException) -> None: ...
    def release(self) -> None: ...
    def run(self) -> None: ...

@final
class _Report:
    @property
    def hook(self) -> Callable[[Failure], Any]: ...
    def take(self) -> Failure | None: ...
    @staticmethod
    def fail(error: BaseException) -> None: ...
    @staticmethod
    def left_undone(what: str) -> None: ...

@final
class _Steps:
    def next(self) -> _Job | _Report | None: ...
    def close(self) -> None: ...

@final
class _AsyncSteps(Generic[_T]):
    def next(self) -> Future[_Job | _Report | _T]: ...
    @staticmethod
    def logged() -> _Call[None]: ...
    def close(self) -> None: ...

@disjoint_base
class _Inbox:
    def __new__(
        cls,
        client: Client,
        webhook: Webhook,
        *,
        store: str | None,
        scope: str | None,
        slot: str | None,
        lease: float | timedelta | None,
        handler_timeout: float | timedelta | None,
        retention: float | timedelta | None,
        max_event_age: float | timedelta | None,
        max_attempts: int | None,
        queue: QueueOptions | None,
    ) -> Self: ...
    def _asyncio(self) -> _AsyncInbox: ...
    def on_message(self, handler: Callable[..., Any]) -> None: ...
    def on_delivery(self, handler: Callable[..., Any]) -> None: ...
    def on_opt_out(self, handler: Callable[..., Any]) -> None: ...
    def on_other(self, handler: Callable[..., Any]) -> None: ...
    def on_error(self, hook: Callable[[Failure], Any]) -> None: ...
    def receive(self, body: _Body, headers: _Headers) -> Receipt: ...
    def handle(self, event: Event) -> Receipt: ...
    def _run(self) -> _Steps: ...
    def shutdown(self, limit: float | timedelta | None = None) -> bool: ...
    def health(self) -> Health: ...
    def outcome(self, message_id: str) -> Record | None: ...
    def list(self, state: str | None = None, since: datetime | None = None) -> _List[Record]: ...
    def counts(self) -> dict[_State, int]: ...
    def oldest_maybe_sent_age(self) -> timedelta | None: ...
    def rearm(self, message_id: str, event: InboundMessage | None = None) -> _Rearmed: ...
    def forget(self, phone: str) -> int: ...
    def prune(self) -> int: ...

# `_Inbox._asyncio()`: every call is one to await.
@type_check_only
class _AsyncInbox:
    def on_message(self, handler: Callable[..., Any]) -> None: ...
    def on_delivery(self, handler: Callable[..., Any]) -> None: ...
    def on_opt_out(self, handler: Callable[..., Any]) -> None: ...
    def on_other(self, handler: Callable[..., Any]) -> None: ...
    def on_error(self, hook: Callable[[Failure], Any]) -> None: ...
    def receive(self, body: _Body, headers: _Headers) -> _AsyncSteps[Receipt]: ...
    def handle(self, event: Event) -> _AsyncSteps[Receipt]: ...
    def _run(self) -> _AsyncSteps[None]: ...
    def shutdown(self, limit: float | timedelta | None = None) -> _Call[bool]: ...
    def health(self) -> _Call[Health]: ...
    def outcome(self, message_id: str) -> _Call[Record | None]: ...
    def list(self, state: str | None = None, since: datetime | None = None) -> _Call[_List[Record]]: ...
    def counts(self) -> _Call[dict[_State, int]]: ...
    def oldest_maybe_sent_age(self) -> _Call[timedelta | None]: ...
    def rearm(
        self, message_id: str, event: InboundMessage | None = None
    ) -> _AsyncSteps[_Rearmed]: ...
    def forget(self, phone: str) -> _Call[int]: ...
    def prune(self) -> _Call[int]: ...

@disjoint_base
class _Sandbox:
    def __new__(
        cls,
        *,
        webhook_url: str | None,
        token: str | None,
        business_number: str | None,
        start_at: datetime | None,
    ) -> Self: ...
    @property
    def url(self) -> str: ...
    @property
    def token(self) -> str: ...
    @property
    def public_key(self) -> str: ...
    @property
    def webhook_url(self) -> str | None: ...
    def close(self) -> None: ...
    def inbound(
        self,
        from_: str,
        text: str | None,
        file: tuple[bytes | bytearray | memoryview, str, str | None] | None,
        to: str | None,
        channel: str,
        wait: bool,
    ) -> SignedEvent: ...
    def opt_out(self, from_: str, action: str, wait: bool) -> SignedEvent: ...
    def redeliver(self, event_id: str) -> Delivery: ...
    def messages(self) -> list[SentMessage]: ...
    def deliveries(self) -> list[Delivery]: ...
    def now(self) -> datetime: ...
    def advance(self, by: float | timedelta) -> datetime: ...
    def fail_next(self, fault: Any) -> None: ...
    def clear_faults(self) -> None: ...
    def account(self, changes: Any) -> dict[str, Any]: ...
    def add_template(self, template: Any) -> None: ...
    def set_webhook_url(self, url: str | None) -> None: ...
    def reset(self) -> None: ...

def _cli(arguments: Sequence[str | PathLike[str]]) -> int: ...
def _drain() -> None: ...
def _next_line() -> (
    tuple[int, str, dict[str, str | int | float | bool | None], BaseException | None] | None
): ...
def _fork(step: str) -> None: ...
def _event(raw: bytes, verified: bool) -> Any: ...
def _window(expires_at: str | None, unlimited: bool) -> ReplyWindow: ...
def _fee(json: str) -> Fee: ...
def _template(json: str) -> Template: ...
def _document(json: str) -> Document: ...
def _reply_response(json: str, raw: str) -> ReplyResponse: ...
def _send_response(json: str, raw: str) -> SendResponse: ...
