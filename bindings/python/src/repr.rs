//! `repr`: enough to recognise, with texts and numbers masked.

use std::fmt::Write;

use backchat_core::{Timestamp, Word};

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

    /// A word that came from elsewhere, shown if it looks like one.
    pub(crate) fn word(self, name: &str, value: Option<&str>) -> Self {
        self.masked(name, value.map(|word| Word::from(word).masked()))
    }

    /// A moment as it came, shown if it looks like one.
    pub(crate) fn moment(self, name: &str, value: Option<&Timestamp>) -> Self {
        let looks_like_one = |moment: &str| {
            moment.len() <= 64
                && moment
                    .chars()
                    .all(|c| c.is_ascii_digit() || "TtZz:.+- ".contains(c))
        };
        match value.map(Timestamp::as_str) {
            Some(moment) if !looks_like_one(moment) => self.masked(name, Some("…".to_owned())),
            moment => self.field(name, moment),
        }
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
