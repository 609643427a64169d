//! What uniffi makes of the values that are not plain: strings with a type of their own cross as
//! strings, moments with what was read of them.

use std::collections::{BTreeMap, HashMap};

use crate::{
    Address, Channel, DeliveryReason, EchoedCallbackUrl, EchoedCorrelationId, EventId,
    InboundMessageId, MessageText, RawJson, RequestId, SentMessageId, Timestamp, Word,
};

macro_rules! crosses_as_string {
    ($($name:ident)*) => {
        $(
            uniffi::custom_type!($name, String, {
                lower: |value| value.as_str().to_owned(),
                try_lift: |value| Ok(value.as_str().into()),
            });
        )*
    };
}

crosses_as_string! {
    Address Channel DeliveryReason EchoedCallbackUrl EchoedCorrelationId EventId InboundMessageId
    MessageText RawJson RequestId SentMessageId Word
}

type Variables = BTreeMap<String, String>;

uniffi::custom_type!(Variables, HashMap<String, String>, {
    remote,
    lower: |variables| variables.into_iter().collect(),
    try_lift: |variables| Ok(variables.into_iter().collect()),
});

/// A [`Timestamp`]: its characters, and the moment that they mean when they are RFC 3339.
#[derive(uniffi::Record)]
pub struct WireMoment {
    /// Exactly as it came, mostly with nanoseconds.
    wire: String,
    /// The moment, if it could be read.
    instant: Option<Instant>,
}

/// A moment since 1970-01-01T00:00:00Z, to the nanosecond.
#[derive(uniffi::Record)]
pub struct Instant {
    /// Whole seconds, rounded down.
    seconds: i64,
    /// 0 to 999,999,999, to be added.
    nanoseconds: i32,
}

uniffi::custom_type!(Timestamp, WireMoment, {
    lower: |timestamp| WireMoment {
        instant: timestamp.instant().map(Instant::from),
        wire: timestamp.as_str().to_owned(),
    },
    try_lift: |moment| Ok(moment.wire.as_str().into()),
});

impl From<jiff::Timestamp> for Instant {
    fn from(moment: jiff::Timestamp) -> Self {
        let nanoseconds = moment.as_nanosecond();
        let second = 1_000_000_000;
        Self {
            // Both fit: jiff's moments lie within the years -9999 and 9999.
            seconds: i64::try_from(nanoseconds.div_euclid(second)).unwrap_or_default(),
            nanoseconds: i32::try_from(nanoseconds.rem_euclid(second)).unwrap_or_default(),
        }
    }
}

/// A moment beyond jiff's years counts as its first or last one.
impl From<Instant> for jiff::Timestamp {
    fn from(moment: Instant) -> Self {
        jiff::Timestamp::new(moment.seconds, moment.nanoseconds).unwrap_or(if moment.seconds < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}
