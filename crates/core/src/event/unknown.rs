//! An event of a type that this version does not know.

use serde::Serialize;

use super::{RawJson, Timestamp};
use crate::{EventId, Word};

/// An event of a type that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct UnknownEvent {
    /// The event's id, `evt_…`.
    pub id: EventId,
    /// When the event was made.
    pub created_at: Timestamp,
    /// The exact bytes of the event.
    #[serde(skip)]
    pub raw: RawJson,
    /// Whether Prelude's signature was checked.
    #[serde(skip)]
    pub verified: bool,
    /// The type, such as `verify.attempt.created`.
    #[serde(skip)]
    pub event_type: Word,
    /// The exact payload.
    #[serde(serialize_with = "RawJson::serialize_tree")]
    pub payload: RawJson,
}
