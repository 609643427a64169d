//! The sandbox from outside: over HTTP, as an application and its tests see it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy takes only functions marked #[test] for tests, not their helpers"
)]
#![allow(clippy::too_many_lines, reason = "tables of cases are long")]

mod callbacks;
mod common;
mod controls;
mod documentation;
mod errors;
mod faults;
mod files;
mod lifecycle;
mod signatures;
mod templates;
mod webhooks;
mod windows;
