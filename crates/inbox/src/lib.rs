//! One inbound message, at most one reply: the way to answer, for every server.
//!
//! ```no_run
//! # async fn main_() -> Result<(), backchat_inbox::core::Error> {
//! # let (client, webhook) = (backchat_inbox::core::Client::from_env()?, backchat_inbox::core::Webhook::from_env()?);
//! # let (body, headers) = (Vec::new(), [("content-type", "application/json")]);
//! use backchat_inbox::Inbox;
//!
//! let inbox = Inbox::builder(client, webhook).store("sqlite:inbox.db").await?.build()?;
//! inbox.on_message(|message| async move { Some(format!("You said: {}", message.text)) })?;
//!
//! let receipt = inbox.receive(&body, headers).await; // in any web framework
//! println!("{} {} {:?}", receipt.status, receipt.body, receipt.headers);
//! # Ok(())
//! # }
//! ```
//!
//! # What is promised
//!
//! - **G1** For each (scope, message id, slot) at most one POST whose bytes can have left, unless
//!   an operator re-arms it: however often the webhook is delivered, to however many processes. It
//!   needs a store whose acknowledged writes survive, and no clock.
//! - **G2** No silent loss: every accepted message ends `sent`, `rejected` or `skipped`, or is
//!   listed as `maybe_sent` or `given_up`. What is listed was logged and reported once.
//! - **G3** Progress: a crash before the gate is tried again after the lease. (Inline: when Prelude
//!   delivers again, which it does after any answer but 200.)
//!
//! # What cannot be
//!
//! Exactly once. Prelude's API has no idempotency key, so when a process dies, or the network goes,
//! between the POST and its answer, the end is not known. Such a reply is `maybe_sent` and is
//! **never** sent again by itself. The handler itself runs *at least* once: a crash before the gate
//! runs it again, so what else it does must bear that.
//!
//! # The states of a message
//!
//! | state | meaning | next |
//! |---|---|---|
//! | `queued` | waits for its first attempt, or was re-armed | a worker, or a redelivery, claims it |
//! | `claimed` | a handler runs | its end, or after the lease another claim |
//! | `sending` | a POST may be under way | its end, or after the lease `maybe_sent` |
//! | `retrying` | an attempt failed and sent nothing | another attempt |
//! | `sent` | the API accepted the reply | |
//! | `rejected` | the API refused the reply; `code` says why | |
//! | `skipped` | the handler returned nothing | |
//! | `maybe_sent` | the end of a POST is not known | a delivery event makes it `sent`; else an operator decides |
//! | `given_up` | not sent, and not tried again; `code` says why | an operator may re-arm it |
//!
//! # How a message can stop being worked on
//!
//! | because | ends as | heard by |
//! |---|---|---|
//! | the handler returned nothing | `skipped` | a DEBUG line |
//! | the handler failed, or took longer than `handler_timeout`, `max_attempts` times | `given_up` | `on_error` (`handler`, final), WARN |
//! | the process died in the handler `max_attempts` times | `given_up` | the same |
//! | nothing could be sent until 25 hours after the message was first seen | `given_up` | `on_error` (`send`, final), WARN |
//! | the API refused the reply, or the sender is no phone number | `rejected` | the same |
//! | the end of the POST is not known | `maybe_sent` | the same |
//! | the process died after the gate | `maybe_sent`, when the lease is over | the same, by whichever process cleans up next |
//! | inline, its attempt failed and Prelude did not deliver it again for 15 days | `given_up` | `on_error` (`handler`, final), WARN, likewise |
//! | it waited in the queue for the whole retention | `given_up` | the same |
//! | its kept event cannot be read | `given_up` | `on_error` (`store`, final), WARN |
//! | its sender was forgotten | `skipped` | whoever called `forget` |
//! | it waits in the queue, and no worker runs, or its worker died | `queued`, `retrying`, `claimed` | after a minute `on_error` (`queue`), WARN, [`Inbox::health`] |
//! | inline, an operator re-armed it and its process died | `claimed` | nobody: the next [`Inbox::receive`] answers it |
//! | the handler of another event does not return | 503 for each delivery | `on_error` (`handler`), WARN, each time |
//! | no handler is registered | nothing is stored, 503 | `on_error` (`handler`), WARN |
//! | it is signed, unknown, and older than `max_event_age` | nothing is stored, 503 | `on_error` (`webhook`), WARN |
//! | it is signed, but cannot be read | nothing is stored, 200 | `on_error` (`webhook`, final), WARN |
//! | it is not signed by Prelude | nothing is stored, 401 | a DEBUG line, and a counter in [`Inbox::health`] |
//! | the store fails | nothing is run, 503 | `on_error` (`store`), WARN |
//!
//! # What to do with a `maybe_sent`
//!
//! 1. Give the client a `callback_url`. The reply's delivery event, if the reply exists, carries its
//!    correlation id and turns the row into `sent`, also when it comes before the POST returns.
//! 2. Watch [`Ledger::oldest_maybe_sent_age`]. What is still `maybe_sent` after some minutes was
//!    probably not sent, but only a person can weigh a missing answer against a second one.
//! 3. [`Inbox::rearm`] it: inline it is answered before that returns, in queue mode by a worker.
//!    From another process, such as the program, it is answered by the application's next
//!    [`Inbox::receive`], or in queue mode by its [`Inbox::run`]. Or leave it: it stays listed.
//!
//! # Slots
//!
//! A slot is one of several replies to a message, each sent at most once: an inbox that answers, and
//! another one, with another slot, that sends a survey. Rows, lists and counts are those of the
//! inbox's slot; `forget` and `prune` are about all slots of the scope.
//!
//! # What a store must be
//!
//! One that does not forget what it acknowledged: SQLite on a local disk, one Postgres with its
//! default `fsync`. Not a replica that may lose the last second, and not two stores behind one
//! webhook. The memory store is for development.
//!
//! A ledger has a version. A newer Backchat migrates it in place when it opens it; an older one then
//! refuses to open it, and answers 503.

mod answer;
mod builder;
pub mod caller;
mod clock;
mod context;
mod digest;
mod failure;
mod handlers;
mod inbox;
mod ledger;
pub mod machine;
mod options;
mod queue;
mod receipt;
mod receive;
mod record;
mod reply;
mod retry;
mod signals;
mod state;
pub mod store;
mod tasks;
#[cfg(feature = "testing")]
pub mod testing;
mod work;

pub use answer::{Answer, HandlerError, IntoAnswer, IntoHandled, StoredAnswer};
pub use builder::InboxBuilder;
pub use context::HandlerContext;
pub use digest::Digest;
pub use failure::{Failure, Stage};
pub use inbox::Inbox;
pub use ledger::{Claim, Gate, Ledger};
pub use options::{Mode, QueueOptions};
pub use queue::Health;
pub use receipt::Receipt;
pub use record::{Key, Record, StoredEvent, Ticket};
pub use state::{End, State, UnknownState};
pub use store::{Backlog, Counts, Finished, Pruned, Rearmed, Store};

/// The core that this crate builds on.
pub use backchat_core as core;
