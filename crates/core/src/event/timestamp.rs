//! `created_at` and its kin: RFC 3339 with nanoseconds, such as `2025-10-24T08:59:10.736925502Z`.

crate::values::incoming_value! {
    /// A moment as the API wrote it. It is read when asked for, so that a form which is not
    /// RFC 3339 costs nobody an event.
    Timestamp, debug: std::convert::identity
}

impl Timestamp {
    /// The moment, to the nanosecond; `None` when the string is not RFC 3339.
    pub fn instant(&self) -> Option<jiff::Timestamp> {
        self.as_str().parse().ok()
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(moment: jiff::Timestamp) -> Self {
        format!("{moment:.9}").into()
    }
}
