//! How a command ends: its exit code says what is known about the message.

use std::fmt;

use backchat_core::{Error, Outcome};
use backchat_sandbox::SandboxError;

pub(crate) const HELP: &str = "\
Environment:
  PRELUDE_API_TOKEN (then API_TOKEN)  the API token
  PRELUDE_BASE_URL                    the API's address, such as a sandbox's
  PRELUDE_CALLBACK_URL                where delivery events go
  BACKCHAT_LOG                        log filter, such as `debug`; default `warn`

Exit codes:
  0  done
  1  something on this machine failed: a file, a port, a sandbox or store that is not there
  2  the command line or an option is wrong
  3  rejected: the API refused the message
  4  not_sent: nothing was sent, provably
  5  maybe_sent: nobody can know; do not send it again
  6  sent, but the answer could not be read; do not send it again
  7  a webhook's signature is bad, or its body is no event
  8  the bot did not take the event of `trigger`

Examples:
  backchat demo
  backchat sandbox --listen 127.0.0.1:8787
  backchat trigger --from +33612345678 --text \"Hi\"
  backchat trigger --from +33612345678 --file photo.jpg
  backchat reply --to +33612345678 --reply-to im_… --text \"On it!\"";

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    Backchat(Error),
    Sandbox(SandboxError),
    /// The command line.
    Usage(String),
    /// Something on this machine.
    Local(String),
    /// A bot that did not take an event.
    Webhook(String),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        let error = match self {
            Failure::Backchat(error) => error,
            Failure::Usage(_) => return 2,
            Failure::Webhook(_) => return 8,
            Failure::Sandbox(_) | Failure::Local(_) => return 1,
        };
        match error {
            Error::Configuration(_) => 2,
            Error::Signature(_) | Error::UnreadableEvent(_) => 7,
            other => match other.outcome() {
                Some(Outcome::Rejected) => 3,
                Some(Outcome::NotSent) => 4,
                Some(Outcome::MaybeSent) => 5,
                Some(Outcome::Sent) => 6,
                None => 1,
            },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Backchat(error) => error.fmt(f),
            Failure::Sandbox(error) => error.fmt(f),
            Failure::Usage(why) | Failure::Local(why) | Failure::Webhook(why) => f.write_str(why),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Backchat(error)
    }
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        Failure::Sandbox(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::Local(error.to_string())
    }
}
