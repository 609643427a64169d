"""How to test a bot of your own: `pytest test_my_bot.py`. The fixture comes with Backchat."""

import backchat
from backchat.testing import Sandbox


def answer(message: backchat.InboundMessage) -> str | None:  # from my_bot import answer
    return "We open at 9." if "open" in message.text else None


def test_the_words() -> None:
    question = backchat.InboundMessage(
        message_id="im_1", from_="+33612345678", text="When do you open?"
    )
    assert answer(question) == "We open at 9."


def test_a_message_is_answered_once(backchat_sandbox: Sandbox) -> None:
    inbox = backchat.Inbox(backchat_sandbox.client(), backchat_sandbox.webhook())
    inbox.on_message(answer)

    event = backchat_sandbox.say("+33612345678", "When do you open?")
    for _delivery in range(2):
        assert inbox.receive(event.body, event.headers).status == 200

    [message] = backchat_sandbox.messages
    assert (message.to, message.text) == ("+33612345678", "We open at 9.")
    assert message.quoted_text == "When do you open?"


def test_small_talk_gets_no_answer(backchat_sandbox: Sandbox) -> None:
    inbox = backchat.Inbox(backchat_sandbox.client(), backchat_sandbox.webhook())
    inbox.on_message(answer)

    event = backchat_sandbox.say("+33612345678", "Lovely weather!")
    assert inbox.receive(event.body, event.headers).status == 200

    assert backchat_sandbox.messages == []


def test_an_outage_sends_nothing_twice(backchat_sandbox: Sandbox) -> None:
    inbox = backchat.Inbox(backchat_sandbox.client(), backchat_sandbox.webhook())
    inbox.on_message(answer)

    event = backchat_sandbox.say("+33612345678", "When do you open?")
    backchat_sandbox.fail_next("reset", after="request", processed=True)
    for _delivery in range(2):
        inbox.receive(event.body, event.headers)

    assert len(backchat_sandbox.messages) == 1
    assert inbox.counts()["maybe_sent"] == 1
