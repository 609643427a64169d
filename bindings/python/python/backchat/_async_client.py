"""The client for asyncio. Every method is a coroutine over the same native call as `Client`'s."""

from __future__ import annotations

from ._native import Client, _AsyncToken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime, timedelta
    from types import TracebackType
    from typing import Any, TypeVar

    from ._native import (
        Document,
        DocumentDict,
        InboundMedia,
        InboundMessage,
        _PreferredChannel,
        ReplyResponse,
        SendResponse,
        Template,
        _AsyncNotify,
        _Call,
    )

    _T = TypeVar("_T")


async def _end(call: _Call[_T]) -> _T:
    """Waits for `call`. When nobody waits any more, a POST that had not begun never leaves, and one
    that had runs on in the background, once."""
    try:
        return await call.future
    except BaseException:
        call.cancel()
        raise


class AsyncClient:
    """Sends replies and templates from asyncio, and from uvloop. Every call sends **at most one**
    message, and an error says what is known about it: `error.outcome`.

    Cancelling a task raises `CancelledError` at once. A POST that had not begun then never leaves;
    one that had begun is finished in the background, and never repeated.

    ```python
    async with backchat.AsyncClient() as client:
        response = await client.reply(message, "Thanks for reaching out!")
    ```
    """

    def __init__(
        self,
        *,
        api_token: str | Callable[[], str] | Callable[[], Awaitable[str]] | None = None,
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
    ) -> None:
        """The options of `Client`; `api_token` may also be an `async def` function, which runs in the
        event loop that makes the call."""
        token: Any = _AsyncToken(api_token) if callable(api_token) else api_token
        try:
            self._client = Client(
                api_token=token,
                base_url=base_url,
                timeout=timeout,
                connect_timeout=connect_timeout,
                max_retries=max_retries,
                max_connections=max_connections,
                callback_url=callback_url,
                proxy=proxy,
                ca_certificate=ca_certificate,
                allow_insecure_http=allow_insecure_http,
                user_agent=user_agent,
            )
        except BaseException:
            # A traceback that shows variables would show what they hold.
            api_token = token = base_url = callback_url = proxy = None
            raise
        self._calls = self._client._asyncio()
        self._notify = AsyncNotify(self._calls.notify)

    @property
    def notify(self) -> AsyncNotify:
        """The calls as Prelude's documentation groups them."""
        return self._notify

    async def reply(
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
        """`Client.reply` as a coroutine."""
        call = self._calls.reply(
            message,
            text,
            callback_url=callback_url,
            correlation_id=correlation_id,
            timeout=timeout,
            max_retries=max_retries,
            extra_headers=extra_headers,
        )
        return await _end(call)

    async def reply_or_template(
        self,
        message: InboundMessage,
        text: str,
        template: Template,
        *,
        timeout: float | timedelta | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ReplyResponse | SendResponse:
        """`Client.reply_or_template` as a coroutine."""
        call = self._calls.reply_or_template(
            message,
            text,
            template,
            timeout=timeout,
            max_retries=max_retries,
            extra_headers=extra_headers,
        )
        return await _end(call)

    async def close(self) -> None:
        """Ends the client, as `Client.close` does. `async with` does it."""
        await _end(self._calls.close())

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"Async{self._client!r}"


class AsyncNotify:
    """The `notify` group of the API, for asyncio."""

    def __init__(self, calls: _AsyncNotify) -> None:
        self._calls = calls

    async def reply(
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
        """`POST /v2/notify/reply`: `Notify.reply` as a coroutine."""
        call = self._calls.reply(
            to=to,
            text=text,
            reply_to=reply_to,
            callback_url=callback_url,
            correlation_id=correlation_id,
            timeout=timeout,
            max_retries=max_retries,
            extra_headers=extra_headers,
        )
        return await _end(call)

    async def send(
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
        """`POST /v2/notify`: `Notify.send` as a coroutine."""
        call = self._calls.send(
            template_id=template_id,
            to=to,
            variables=variables,
            from_=from_,
            locale=locale,
            expires_at=expires_at,
            schedule_at=schedule_at,
            callback_url=callback_url,
            correlation_id=correlation_id,
            preferred_channel=preferred_channel,
            max_auto_retries=max_auto_retries,
            document=document,
            timeout=timeout,
            max_retries=max_retries,
            extra_headers=extra_headers,
        )
        return await _end(call)

    async def inbound_media(
        self,
        message_id: str,
        *,
        timeout: float | timedelta | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> InboundMedia:
        """`GET /v2/notify/inbound/{message_id}/media`: `Notify.inbound_media` as a coroutine."""
        call = self._calls.inbound_media(
            message_id, timeout=timeout, max_retries=max_retries, extra_headers=extra_headers
        )
        return await _end(call)
