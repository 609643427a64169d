//! `repr`: enough to recognise, with texts and numbers masked.

use std::fmt::Write;

/// `InboundMessage(message_id='im_…', from_=+33…78)`: what is `None` is left out.
pub(crate) struct Repr(String);

impl Repr {
    pub(crate) fn new(class: &str) -> Self {
        Self(format!("{class}("))
    }

    /// A field that may be shown.
    pub(crate) fn field(mut self, name: &str, value: Option<impl std::fmt::Debug>) -> Self {
        if let Some(value) = value {
            let separator = if self.0.ends_with('(') { "" } else { ", " };
            let _never_fails = write!(self.0, "{separator}{name}={value:?}");
        }
        self
    }

    /// A field that is masked already.
    pub(crate) fn masked(self, name: &str, value: Option<String>) -> Self {
        self.field(name, value.map(Bare))
    }

    /// `True` or `False`.
    pub(crate) fn flag(self, name: &str, value: bool) -> Self {
        self.masked(name, Some(if value { "True" } else { "False" }.to_owned()))
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push(')');
        self.0
    }
}

struct Bare(String);

impl std::fmt::Debug for Bare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
