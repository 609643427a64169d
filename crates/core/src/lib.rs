//! Two-way WhatsApp messaging for the Prelude API: understand what a user wrote, and answer it at
//! most once.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod echo;
mod error;
mod event;
#[cfg(feature = "uniffi")]
mod ffi;
pub mod fork;
mod mask;
mod repair;
mod reply;
mod template;
mod values;
mod webhook;

#[cfg(feature = "client")]
pub use client::{
    Answered, Attempt, Call, Cancellation, Canceller, Client, ClientBuilder, InboundMedia, Latest,
    Notify, Observer, Pending, TokenError, TokenProvider, TrustStore, runtime,
};
pub use error::{
    AnswerBody, ApiError, CallInfo, ConfigurationError, Error, ErrorBody, ErrorClass, ErrorCode,
    ErrorFields, MaybeSentError, NotSentError, Outcome, Phase, SentUnconfirmedError, StoreError,
    UnreadableEventError,
};
pub use event::{
    Channel, DeliveryEvent, DeliveryReason, DeliveryStatus, Event, Fee, InboundMessage,
    OptOutEvent, OptOutKind, RawJson, ReplyWindow, Timestamp, UnknownEvent, WindowState,
};
#[cfg(feature = "uniffi")]
pub use ffi::{Instant, WireMoment};
pub use mask::plain as plain_word;
pub use reply::{Reply, ReplyResponse};
pub use template::{Document, SendResponse, Template, TemplateMessage};
pub use values::{
    Address, CallbackUrl, CorrelationId, DateTime, DocumentUrl, EchoedCallbackUrl,
    EchoedCorrelationId, EventId, InboundMessageId, Locale, MessageText, PhoneNumber, ReplyTo,
    RequestId, SenderId, SentMessageId, TemplateId, Text, Word,
};
pub use webhook::{SignatureError, SignatureReason, Webhook};

#[cfg(feature = "uniffi")]
uniffi::setup_scaffolding!();

/// The library that reads and compares moments in this crate's interface.
pub use jiff;
