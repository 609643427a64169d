//! The core for Kotlin and Swift, through uniffi.
//!
//! Nobody writes against these names: a thin layer in each language gives them their native form.
//! The models are the core's own (its feature `uniffi`). What stands here is what cannot be a type
//! of the core: arguments, which are strings until the core has parsed them (uniffi panics where a
//! value does not lift), and [`Failure`] and [`AttemptReport`], whose words are `&'static` in the
//! core (a record of uniffi must be able to travel both ways).

mod attempt;
mod call;
mod client;
mod event;
mod failure;
mod mask;
mod moment;
mod option;
mod request;
mod runtime;
mod token;
mod webhook;
mod window;

pub use attempt::{AttemptListener, AttemptReport};
pub use call::{
    FetchedMedia, MediaListener, ReplyListener, ReplyOrTemplateListener, RunningCall, SendListener,
};
pub use client::{ClientOptions, ClosingListener, ReplyClient};
pub use event::{MadeMessage, ReadEvent, made_message, read_event, readable_json};
pub use failure::{Failed, Failure, error_codes};
pub use mask::{Mask, masked};
pub use moment::{moment_of, moment_read};
pub use option::{Language, spelled};
pub use request::{
    CallOptions, DocumentRequest, Header, ReplyRequest, SendRequest, TemplateRequest,
};
pub use runtime::{drain, version};
pub use token::{NoToken, TokenSource};
pub use webhook::WebhookVerifier;
pub use window::{Span, window_remaining, window_state};

uniffi::setup_scaffolding!();
