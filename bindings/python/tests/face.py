"""The two faces of the client, for tests that expect the same of both."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

from backchat import AsyncClient, Client

T = TypeVar("T")

AnyClient = Client | AsyncClient
FACES: tuple[type[Client] | type[AsyncClient], ...] = (Client, AsyncClient)


def end_of(call: T | Coroutine[Any, Any, T]) -> T:
    """What a call of either face ends with. A coroutine runs in an event loop of its own."""
    if isinstance(call, Coroutine):
        return asyncio.run(cast("Coroutine[Any, Any, T]", call))
    return call
