//! What may be printed of a private value.

use backchat_core::{Address, EchoedCallbackUrl, EventId, MessageText};

/// What a value is, and so how much of it may be printed.
#[derive(Clone, Copy, uniffi::Enum)]
pub enum Mask {
    /// A phone number or another address: its beginning and its end.
    Address,
    /// A text: its length.
    Text,
    /// An id or another word of the server's: all of it, when it looks like one.
    Word,
    /// An address of the web: its scheme and host.
    Url,
}

/// What may be printed of `value`.
#[uniffi::export]
pub fn masked(value: String, mask: Mask) -> String {
    match mask {
        Mask::Address => Address::from(value.as_str()).masked(),
        Mask::Text => MessageText::from(value.as_str()).masked(),
        Mask::Word => EventId::from(value.as_str()).masked(),
        Mask::Url => EchoedCallbackUrl::from(value.as_str()).masked(),
    }
}
