//! `npm install backchat`: the native half of the Node package.
//!
//! Everything crosses as JSON: one string is cheaper than an object with a dozen fields, and the
//! shapes are those that serde knows already. `lib/*.js` are the shells around it.
#![cfg_attr(
    test,
    allow(dead_code, reason = "napi registers nothing in a test build")
)]

mod call;
mod cli;
mod client;
mod error;
mod event;
mod handlers;
mod inbox;
mod ledger;
mod log;
mod mailbox;
mod mask;
mod options;
mod response;
mod sandbox;
mod stderr;
mod template;
mod token;
mod webhook;
mod window;
