"""The files that users send."""

from __future__ import annotations

import pytest
from face import FACES, AnyClient, end_of

import backchat
from backchat.testing import Sandbox

ANNA = "+33612345678"
PICTURE = b"\x89PNG\r\n" + bytes(range(256))


def client_of(sandbox: Sandbox, face: type[AnyClient], **options: object) -> AnyClient:
    return face(base_url=sandbox.url, api_token=sandbox.token, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("face", FACES)
def test_a_file_is_fetched(backchat_sandbox: Sandbox, face: type[AnyClient]) -> None:
    client = client_of(backchat_sandbox, face)
    event = backchat_sandbox.say(
        ANNA, file=PICTURE, content_type="image/png", filename="secret.png"
    )
    message_id = str(event.message_id)
    for _ in range(2):
        media = end_of(client.notify.inbound_media(message_id))
        assert isinstance(media, backchat.InboundMedia)
        assert (media.content_type, media.filename) == ("image/png", "secret.png")
        assert media.bytes == PICTURE
        assert repr(media) == "InboundMedia(content_type=…, filename=…, bytes=<262 bytes>)"


@pytest.mark.parametrize("face", FACES)
def test_a_fetch_is_repeated(backchat_sandbox: Sandbox, face: type[AnyClient]) -> None:
    client = client_of(backchat_sandbox, face)
    event = backchat_sandbox.say(ANNA, file=PICTURE)
    backchat_sandbox.fail_next("reset", after="request")
    media = end_of(client.notify.inbound_media(str(event.message_id), timeout=20, max_retries=3))
    assert media.bytes == PICTURE
    backchat_sandbox.fail_next("reset", after="request")
    with pytest.raises(backchat.NotSentError) as raised:
        end_of(client.notify.inbound_media(str(event.message_id), max_retries=0))
    assert raised.value.outcome == "not_sent"


@pytest.mark.parametrize("face", FACES)
def test_what_cannot_be_fetched(backchat_sandbox: Sandbox, face: type[AnyClient]) -> None:
    client = client_of(backchat_sandbox, face, max_retries=0)
    without = str(backchat_sandbox.say(ANNA, "Hi").message_id)
    with pytest.raises(backchat.ApiError) as raised:
        end_of(client.notify.inbound_media(without))
    assert raised.value.status == 404
    with pytest.raises(backchat.InvalidReplyContextError):
        end_of(client.notify.inbound_media("../im_1"))
