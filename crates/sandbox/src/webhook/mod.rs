//! `inbound.message.received` and its kin: made, signed, posted, and posted again.

pub(crate) mod book;
pub(crate) mod event;
pub(crate) mod post;
pub(crate) mod schedule;
pub(crate) mod scheduler;
pub(crate) mod sign;
mod spelling;
