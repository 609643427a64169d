"""Sends one reply, without an inbox, and says what to do with each error.

    python client_only.py +33612345678 im_01k8aq2zggeyssvt53zgvpx63a

`PRELUDE_API_TOKEN` holds the token, and `PRELUDE_BASE_URL` the address of a sandbox.
"""

import sys

import backchat

client = backchat.Client()


def main(to: str, reply_to: str) -> None:
    try:
        response = client.notify.reply(
            to=to,
            text="Thanks for reaching out! We'll look into your request.",
            reply_to=reply_to,
        )
        print(f"sent {response.id}")
    except backchat.WindowExpiredError:
        # The 24 hours are over: only a template reaches this user now.
        template = client.notify.send(template_id="template_followup", to=to)
        print(f"sent template {template.id}")
    except (backchat.MaybeSentError, backchat.SentUnconfirmedError) as error:
        # A second call may be a second message. A delivery event with this id, if one comes, tells.
        print(f"{error.outcome}: do not send it again; watch for {error.correlation_id}")
    except backchat.RateLimitError as error:
        print(f"not sent: try again in {error.retry_after} s")
    except backchat.BackchatError as error:
        # A wrong number, token or id, no balance, no network: `advice` says what to do about it.
        again = "try again later" if error.safe_to_retry else "do not try again"
        print(f"{error.outcome}: {error.code}, {again}: {error.advice}")


if __name__ == "__main__":
    main(*sys.argv[1:])
