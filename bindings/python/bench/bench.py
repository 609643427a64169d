"""One measurement of `cargo xtask bench python`, in a process of its own: prints JSON.

The process's CPU time counts, of all its threads. The stub runs on the same core.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

TO, IM = "+33612345678", "im_01k8aq2zggeyssvt53zgvpx63a"
TEXT = "Thanks for reaching out! We'll look into your request."
WARM_UP = 200


def peak_memory() -> int:
    """The largest resident size of this process so far, in KiB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def measured(replies: int, run: Callable[[int], None]) -> dict[str, float]:
    """CPU per reply, and how much memory the replies took."""
    run(WARM_UP)
    gc.collect()
    memory = peak_memory()
    before = time.process_time_ns()
    run(replies)
    used = time.process_time_ns() - before
    return {
        "microseconds": used / 1000 / replies,
        "growth_kib": peak_memory() - memory,
        "peak_kib": peak_memory(),
    }


def sync_reply(client: str, url: str) -> Callable[[], Any]:
    if client == "backchat":
        import backchat

        ours = backchat.Client(base_url=url, api_token="token")
        return lambda: ours.notify.reply(to=TO, text=TEXT, reply_to=IM)
    from prelude_python_sdk import Prelude

    official = Prelude(base_url=url, api_token="token")
    return lambda: official.notify.reply(to=TO, text=TEXT, reply_to=IM)


async def async_reply(
    client: str, url: str, open_until_the_end: AsyncExitStack
) -> Callable[[], Awaitable[Any]]:
    if client == "backchat":
        import backchat

        ours = backchat.AsyncClient(base_url=url, api_token="token")
        return lambda: ours.notify.reply(to=TO, text=TEXT, reply_to=IM)
    if client == "aiohttp":
        import aiohttp

        headers = {"Authorization": "Bearer token"}
        session = aiohttp.ClientSession(headers=headers)
        await open_until_the_end.enter_async_context(session)

        async def post() -> Any:
            body = {"to": TO, "text": TEXT, "reply_to": IM}
            async with session.post(f"{url}/v2/notify/reply", json=body) as answer:
                return await answer.json()

        return post
    from prelude_python_sdk import AsyncPrelude

    official = AsyncPrelude(base_url=url, api_token="token")
    return lambda: official.notify.reply(to=TO, text=TEXT, reply_to=IM)


def reply(options: argparse.Namespace) -> dict[str, float]:
    """Replies one after another, or from as many tasks as are in flight."""
    if options.in_flight == 0:
        call = sync_reply(options.client, options.url)

        def run(replies: int) -> None:
            for _ in range(replies):
                call()

        return measured(options.replies, run)

    async def main() -> dict[str, float]:
        async with AsyncExitStack() as stack:
            return await send_all(await async_reply(options.client, options.url, stack))

    async def send_all(call: Callable[[], Awaitable[Any]]) -> dict[str, float]:
        left = 0

        async def worker() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                await call()

        async def send(replies: int) -> None:
            nonlocal left
            left = replies
            await asyncio.gather(*(worker() for _ in range(options.in_flight)))

        await send(WARM_UP)
        gc.collect()
        before = time.process_time_ns()
        await send(options.replies)
        used = time.process_time_ns() - before
        return {"microseconds": used / 1000 / options.replies, "peak_kib": peak_memory()}

    return asyncio.run(main())


def importing(options: argparse.Namespace) -> dict[str, float]:
    """The wall time of a whole process that imports a module: the best of many."""

    def best(program: str) -> float:
        times: list[float] = []
        for _ in range(15):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            times.append(time.perf_counter() - started)
        return min(times) * 1000

    bare = best("pass")
    return {
        "backchat": best("import backchat") - bare,
        "official": best("import prelude_python_sdk") - bare,
    }


def microseconds(times: int, work: Callable[[], Any]) -> float:
    """The best mean of several rounds."""
    means: list[float] = []
    for _ in range(10):
        started = time.perf_counter()
        for _ in range(times):
            work()
        means.append((time.perf_counter() - started) * 1e6 / times)
    return min(means)


def seed_event() -> bytes:
    """The event of the product description."""
    return (Path(__file__).parents[3] / "tests/vectors/seed-event.json").read_bytes()


def parsing(options: argparse.Namespace) -> dict[str, float]:
    """From bytes to a typed object."""
    from datetime import datetime

    import backchat
    from pydantic import BaseModel, Field

    class Content(BaseModel):
        text: str

    class Conversation(BaseModel):
        window_expires_at: datetime

    class Payload(BaseModel):
        message_id: str
        channel: str
        sender: str = Field(alias="from")
        to: str
        content: Content
        conversation: Conversation

    class Event(BaseModel):
        id: str
        type: str
        payload: Payload
        created_at: datetime

    raw = seed_event()
    return {
        "backchat": microseconds(20_000, lambda: backchat.Event.from_json(raw)),
        "pydantic": microseconds(20_000, lambda: Event.model_validate_json(raw)),
    }


def verifying(options: argparse.Namespace) -> dict[str, float]:
    """From a signed request to a typed object, and what somebody would write by hand."""
    import base64

    import backchat
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    raw = seed_event()
    signature = base64.urlsafe_b64encode(key.sign(raw, pss, hashes.SHA256())).decode()
    headers = {"X-Webhook-Signature": f"rsassa-pss-sha256={signature}"}
    public = key.public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    webhook = backchat.Webhook(pem.decode())

    def by_hand() -> Any:
        encoded = headers["X-Webhook-Signature"].removeprefix("rsassa-pss-sha256=")
        public.verify(base64.urlsafe_b64decode(encoded), raw, pss, hashes.SHA256())
        return json.loads(raw)

    return {
        "backchat": microseconds(2_000, lambda: webhook.verify(raw, headers)),
        "by_hand": microseconds(2_000, by_hand),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parts = parser.add_subparsers(required=True)
    part = parts.add_parser("reply")
    part.add_argument("--client", required=True)
    part.add_argument("--url", required=True)
    part.add_argument("--in-flight", type=int, required=True)
    part.add_argument("--replies", type=int, default=10_000)
    part.set_defaults(run=reply)
    parts.add_parser("import").set_defaults(run=importing)
    parts.add_parser("parse").set_defaults(run=parsing)
    parts.add_parser("verify").set_defaults(run=verifying)
    options = parser.parse_args()
    print(json.dumps(options.run(options)))


if __name__ == "__main__":
    main()
