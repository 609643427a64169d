//! `https://api.prelude.dev` on one machine, with no account and no network.
#![doc = ""]
#![doc = include_str!("../README.md")]

mod account;
mod answer;
mod answer_body;
mod api;
mod builder;
mod channel;
mod clock;
mod config;
mod control;
mod error;
mod fault;
mod file;
mod handle;
mod id;
mod inbound;
mod key;
mod message;
mod opt_out;
mod refusal;
mod route;
mod segments;
mod server;
mod shared;
mod state;
mod template;
mod webhook;
mod window;

pub use account::Account;
pub use builder::{Sandbox, SandboxBuilder};
pub use channel::Channel;
pub use control::Controls;
pub use error::SandboxError;
pub use fault::{DeliveryOutcome, Fault, ResetAfter};
pub use file::InboundFile;
pub use handle::SandboxHandle;
pub use inbound::Inbound;
pub use message::{SentMessage, SentReply, SentTemplate};
pub use opt_out::{OptOut, OptOutAction};
pub use template::Template;
pub use webhook::book::Delivery;
pub use webhook::event::WebhookEvent;
pub use webhook::sign::{SaltLength, Signer};
