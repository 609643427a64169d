//! One inbound message, at most one reply: the way to answer, for every server.
//!
//! ```no_run
//! # async fn main_() -> Result<(), backchat_inbox::core::Error> {
//! # let (client, webhook) = (backchat_inbox::core::Client::from_env()?, backchat_inbox::core::Webhook::from_env()?);
//! # let (body, headers) = (Vec::new(), [("content-type", "application/json")]);
//! use backchat_inbox::Inbox;
//!
//! let inbox = Inbox::builder(client, webhook).store("sqlite:inbox.db").await?.build();
//! inbox.on_message(|message| async move { Some(format!("You said: {}", message.text)) });
//!
//! let answer = inbox.receive(&body, headers).await; // in any web framework
//! println!("{} {} {:?}", answer.status, answer.body, answer.headers);
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
//!   listed: as `maybe_sent`, or as `released` when the queue gave it up.
//! - **G3** Progress: a crash before the gate is tried again after the lease. (Inline: when Prelude
//!   delivers again, which it does after any answer but 200.)
//!
//! # What cannot be
//!
//! Exactly once. Prelude's API has no idempotency key, so when a process dies, or the network goes,
//! between the POST and its answer, nobody can know. Such a reply is `maybe_sent` and is **never**
//! sent again by itself. The handler itself runs *at least* once: a crash before the gate runs it
//! again, so what else it does must bear that.
//!
//! # What to do with a `maybe_sent`
//!
//! 1. Give the client a `callback_url`. The reply's delivery event, if the reply exists, carries its
//!    correlation id and turns the row into `sent`, also when it comes before the POST returns.
//! 2. Watch [`Ledger::oldest_maybe_sent_age`]. What is still `maybe_sent` after some minutes was
//!    probably not sent, but only a person can weigh a missing answer against a second one.
//! 3. [`Ledger::rearm`] it: the row becomes claimable. In queue mode a worker then answers it; inline
//!    it is answered when its event comes again, through [`Inbox::handle`] for one that you kept.
//!    Or leave it: it stays listed.
//!
//! # What a store must be
//!
//! One that does not forget what it acknowledged: SQLite on a local disk, one Postgres with its
//! default `fsync`. Not a replica that may lose the last second, and not two stores behind one
//! webhook. The memory store is for development.

mod answer;
mod builder;
pub mod caller;
mod clock;
mod digest;
mod failure;
mod handlers;
mod inbox;
mod ledger;
pub mod machine;
mod queue;
mod receipt;
mod receive;
mod record;
mod reply;
mod signals;
mod state;
pub mod store;
mod tasks;
#[cfg(feature = "testing")]
pub mod testing;
mod work;

pub use answer::{Answer, HandlerError, IntoAnswer, IntoHandled};
pub use builder::InboxBuilder;
pub use digest::Digest;
pub use failure::{Failure, Stage};
pub use inbox::Inbox;
pub use ledger::{Claim, Gate, Ledger};
pub use queue::{Mode, QueueOptions};
pub use receipt::Receipt;
pub use record::{Key, Record, StoredEvent, Ticket};
pub use state::{End, State, UnknownState};
pub use store::{Counts, Finished, Rearmed, Store};

/// The core that this crate builds on.
pub use backchat_core as core;
