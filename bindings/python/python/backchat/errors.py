"""What can go wrong, and what is then known: one list for all languages.

Every error of Backchat is a `BackchatError`. Its `outcome` says what is known about the message, its
`code` why, its `advice` what to do, and its `webhook_status` what to answer Prelude.
"""

from __future__ import annotations

from ._native import ERROR_CODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

__all__ = [
    "ERROR_CODES",
    "ApiError",
    "AuthenticationError",
    "BackchatError",
    "ConfigurationError",
    "InsufficientBalanceError",
    "InvalidPhoneNumberError",
    "InvalidReplyContextError",
    "MaybeSentError",
    "MissingTextError",
    "NotSentError",
    "PhoneNumberMismatchError",
    "RateLimitError",
    "SentUnconfirmedError",
    "SignatureVerificationError",
    "StoreError",
    "UnreadableEventError",
    "WindowExpiredError",
]


class BackchatError(Exception):
    """Every error of Backchat. `str()` shows no token, no text and no whole number, and neither does
    `vars()`: what a server may have put into a field is exact in the field alone.

    An error that Backchat found in the caller's own arguments is a `ValueError` too.
    """

    @property
    def code(self) -> str:
        """Why: stable, and the same in every language, such as `window_expired`. A code of the API
        that this version does not know keeps its own string."""
        return self._exactly("code") or ""

    outcome: Literal["not_sent", "rejected", "sent", "maybe_sent"] | None = None
    """What is known about the message; `None` for errors that are not about sending."""

    safe_to_retry: bool = False
    """Whether the same call may be made again: nothing was sent, and it may go better then."""

    retry_after: float | None = None
    """How long the server asked to wait, in seconds (`Retry-After`, `retry-after-ms`)."""

    status: int | None = None
    """The HTTP status of the answer, when there was one."""

    @property
    def request_id(self) -> str | None:
        """The id that the API gave to the request, for Prelude's support."""
        request_id: str | None = self._exactly("request_id")
        return request_id

    correlation_id: str | None = None
    """The correlation id of the call: delivery events carry the same."""

    message_id: str | None = None
    """The inbound message that the call answered, `im_…`."""

    advice: str = ""
    """What to do, in one sentence."""

    webhook_status: int = 200
    """What to answer Prelude when this ends a webhook: 401 for a bad signature, 503 when a redelivery
    can help, 200 when it cannot."""

    attempts: int | None = None
    """How many POSTs the call tried."""

    elapsed: float | None = None
    """From the call to its end, in seconds."""

    __slots__ = ("_exact",)

    _exact: dict[str, Any]

    def __init__(self, text: str = "", **fields: Any) -> None:
        super().__init__(text)
        self._exact = {name: fields.pop(name) for name in ("raw", "server_message") if name in fields}
        vars(self).update(fields)

    def _exactly(self, name: str) -> Any:
        """The field as it came: `vars(self)` has what may be printed of it, or nothing."""
        exact: dict[str, Any] = getattr(self, "_exact", {})  # a subclass may not have called us
        return exact.get(name, vars(self).get(name))

    def __reduce__(self) -> tuple[Any, ...]:
        is_argument = isinstance(self, ValueError)
        exact = getattr(self, "_exact", {})
        return _make, (type(self).__name__, str(self), is_argument, vars(self), exact)


class ApiError(BackchatError):
    """The API refused the request (`rejected`), or a local check found what it would have refused
    (`not_sent`). Its `code` is the API's own, or `redirected` or `http_error` where it named none."""

    @property
    def server_message(self) -> str | None:
        """The API's own sentence. It may quote numbers and texts: keep it out of logs. It is not in
        `vars(error)`."""
        server_message: str | None = self._exactly("server_message")
        return server_message


class WindowExpiredError(ApiError):
    """`window_expired`: the 24-hour window has closed. Send a template instead."""


class InvalidReplyContextError(ApiError):
    """`invalid_reply_context`: `reply_to` is not the `message_id` of an inbound message."""


class PhoneNumberMismatchError(ApiError):
    """`phone_number_mismatch`: `to` is not the sender of that inbound message."""


class MissingTextError(ApiError):
    """`missing_text`: the text is empty."""


class InvalidPhoneNumberError(ApiError):
    """`invalid_phone_number`: `to` is not in E.164 format."""


class InsufficientBalanceError(ApiError):
    """`insufficient_balance`: the account's balance is too low."""


class AuthenticationError(ApiError):
    """`missing_api_token`, `invalid_api_token`, `invalid_api_key`, and `unauthorized` for any other
    401: the token is missing, wrong, or not allowed."""


class RateLimitError(ApiError):
    """Any 429: too many requests. Nothing was sent; wait for `retry_after`, then call again."""


class NotSentError(BackchatError):
    """`connection_failed`, `tls_failed`, `timed_out`, `cancelled`: provably nothing was sent."""


class MaybeSentError(BackchatError):
    """`maybe_sent`: the request left and no answer tells what became of it. **Do not send it again.**
    A delivery event with the same correlation id, if one comes, says that it was sent."""

    phase: Literal["awaiting_answer", "answered"] | None = None
    """How far the POST had come: no status line came back, or one that does not tell."""

    @property
    def server_code(self) -> str | None:
        """The code in the answer's body, such as `internal`. It does not tell either."""
        server_code: str | None = self._exactly("server_code")
        return server_code


class SentUnconfirmedError(BackchatError):
    """`sent_unconfirmed`: the API accepted the message, but its answer was cut, stalled, or is not
    JSON. Do not send it again; delivery events tell the rest."""


class SignatureVerificationError(BackchatError):
    """`signature_missing`, `signature_invalid`: a webhook is not from Prelude, or cannot be shown to
    be. Answer 401."""

    reason: (
        Literal[
            "header_missing",
            "header_repeated",
            "scheme_unknown",
            "not_base64",
            "wrong_length",
            "no_key_matches",
            "body_too_long",
        ]
        | None
    ) = None
    """What exactly was wrong."""


class UnreadableEventError(BackchatError):
    """`event_unreadable`: the body of a webhook is not an event. Nothing is lost: `raw` has it."""

    @property
    def raw(self) -> bytes | None:
        """The body as it was received. It is not in `vars(error)`."""
        raw: bytes | None = self._exactly("raw")
        return raw

    verified: bool | None = None
    """Whether Prelude's signature over the bytes is good."""


class ConfigurationError(BackchatError):
    """`configuration`: an option is wrong; the message names it."""

    option: str | None = None
    """The option's name."""


class StoreError(BackchatError):
    """`store_unavailable`: the inbox's store cannot be reached. Nothing was run."""


_ARGUMENTS: dict[str, type[BackchatError]] = {}


def _argument(cls: type[BackchatError]) -> type[BackchatError]:
    """`cls` for a mistake in the caller's own arguments: the same class, and a `ValueError`."""
    known = _ARGUMENTS.get(cls.__name__)
    if known is None:
        names = {
            "__module__": cls.__module__,
            "__qualname__": cls.__qualname__,
            "__doc__": cls.__doc__,
        }
        known = _ARGUMENTS.setdefault(cls.__name__, type(cls.__name__, (cls, ValueError), names))
    return known


def _make(
    name: str, text: str, is_argument: bool, fields: dict[str, Any], exact: dict[str, Any]
) -> BackchatError:
    """The error that the native side, or a pickle, describes."""
    cls: type[BackchatError] = globals()[name]
    error = (_argument(cls) if is_argument else cls)(text, **fields)
    error._exact = exact
    return error
