//! `POST /sandbox/faults`: what goes wrong with the next calls of the API, and when.

mod kind;
mod queue;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::SandboxError;

pub use kind::{DeliveryOutcome, ResetAfter};
pub(crate) use kind::{FailedDelivery, FaultKind};
use kind::{RetryAfter, failed};
pub(crate) use queue::Faults;

/// One thing that goes wrong, a number of times.
///
/// Faults wait in a queue; each API call takes the first. `processed` says whether the API does
/// its work all the same: then the message goes out and its delivery events come, though the
/// caller gets no proper answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    #[serde(flatten)]
    pub(crate) kind: FaultKind,
    pub(crate) count: u32,
    pub(crate) processed: bool,
    /// An option that its kind does not have.
    #[serde(skip)]
    misplaced: Option<&'static str>,
}

impl Fault {
    /// An answer with this status, 300 to 599. The message is not processed.
    ///
    /// The body has the usual form; its code is `internal` from 500 on, else it has none.
    pub fn status(status: u16) -> Self {
        Self::of(FaultKind::Status {
            status,
            code: None,
            retry_after: None,
        })
    }

    /// An answer that takes this long. The message is processed first. With
    /// [`Fault::processed`]`(false)` only after the delay, and not if the caller left meanwhile.
    pub fn delay(delay: Duration) -> Self {
        Self::of(FaultKind::Delay {
            milliseconds: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// The connection is reset. After the whole request the message is processed, unless told
    /// otherwise; after the head it never is.
    pub fn reset(after: ResetAfter) -> Self {
        Self::of(FaultKind::Reset { after })
    }

    /// The answer's body ends in the middle. The message is processed.
    pub fn cut_body() -> Self {
        Self::of(FaultKind::CutBody {})
    }

    /// The next *accepted message* does not arrive, for this reason (such as
    /// `carrier_rejected`). The API's answer is not touched.
    pub fn delivery(outcome: DeliveryOutcome, reason: impl Into<String>) -> Self {
        Self::of(FaultKind::Delivery(FailedDelivery {
            outcome,
            status: failed(),
            reason: reason.into(),
        }))
    }

    /// The code in the body of a [`Fault::status`].
    pub fn code(mut self, value: impl Into<String>) -> Self {
        if let FaultKind::Status { code, .. } = &mut self.kind {
            *code = Some(value.into());
        } else {
            self.misplaced = Some("code");
        }
        self
    }

    /// The header `Retry-After` of a [`Fault::status`]: seconds, a date, or nonsense.
    pub fn retry_after(mut self, value: impl Into<String>) -> Self {
        if let FaultKind::Status { retry_after, .. } = &mut self.kind {
            *retry_after = Some(RetryAfter::Text(value.into()));
        } else {
            self.misplaced = Some("retry_after");
        }
        self
    }

    /// The word in the event of a [`Fault::delivery`]: `failed` or `expired`.
    pub fn delivery_status(mut self, value: impl Into<String>) -> Self {
        if let FaultKind::Delivery(failure) = &mut self.kind {
            failure.status = value.into();
        } else {
            self.misplaced = Some("delivery_status");
        }
        self
    }

    /// How many times it happens: once unless told otherwise.
    pub fn count(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// Whether the API does its work all the same.
    pub fn processed(mut self, processed: bool) -> Self {
        self.processed = processed;
        self
    }

    fn of(kind: FaultKind) -> Self {
        let processed = match &kind {
            FaultKind::Status { .. } => false,
            FaultKind::Reset { after } => *after == ResetAfter::Request,
            FaultKind::Delay { .. } | FaultKind::CutBody {} | FaultKind::Delivery(_) => true,
        };
        Self {
            kind,
            count: 1,
            processed,
            misplaced: None,
        }
    }

    /// Reads `{"kind": …, "count"?: n, "processed"?: bool, …}`.
    pub fn from_json(value: Value) -> Result<Self, SandboxError> {
        #[derive(Deserialize)]
        struct Common {
            count: Option<u32>,
            processed: Option<bool>,
        }
        let refused = |error: serde_json::Error| SandboxError::Refused(error.to_string());
        let common: Common = serde_json::from_value(value.clone()).map_err(refused)?;
        let mut own: serde_json::Map<_, _> = serde_json::from_value(value).map_err(refused)?;
        own.remove("count");
        own.remove("processed");
        let mut fault = Self::of(serde_json::from_value(Value::Object(own)).map_err(refused)?);
        if let Some(count) = common.count {
            fault.count = count;
        }
        if let Some(processed) = common.processed {
            fault.processed = processed;
        }
        Ok(fault)
    }

    /// Refuses what cannot be done.
    fn check(&self) -> Result<(), SandboxError> {
        let refused = |why: &str| Err(SandboxError::Refused(why.to_owned()));
        if let Some(option) = self.misplaced {
            return refused(&format!("this kind of fault has no `{option}`"));
        }
        if self.count == 0 {
            return refused("`count` must be at least 1");
        }
        match &self.kind {
            FaultKind::Status {
                status,
                retry_after,
                ..
            } => {
                if !(300..=599).contains(status) {
                    return refused("`status` must be from 300 to 599");
                }
                if retry_after.as_ref().is_some_and(|v| v.header().is_none()) {
                    return refused("`retry_after` cannot stand in a header");
                }
            }
            FaultKind::Reset {
                after: ResetAfter::Head,
            } if self.processed => {
                return refused("after the head nothing can be processed: the body is not read");
            }
            FaultKind::CutBody {} if !self.processed => {
                return refused("only the answer to a processed request can be cut");
            }
            FaultKind::Delivery(_) if !self.processed => {
                return refused("only a processed message can fail to be delivered");
            }
            FaultKind::Delay { .. }
            | FaultKind::Reset { .. }
            | FaultKind::CutBody {}
            | FaultKind::Delivery(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_every_kind() {
        for (json, fault) in [
            (json!({"kind": "status", "status": 503}), Fault::status(503)),
            (
                json!({"kind": "status", "status": 429, "retry_after": "2", "count": 3}),
                Fault::status(429).retry_after("2").count(3),
            ),
            (
                json!({"kind": "status", "status": 500, "code": "internal", "processed": true}),
                Fault::status(500).code("internal").processed(true),
            ),
            (
                json!({"kind": "delay", "milliseconds": 20}),
                Fault::delay(Duration::from_millis(20)),
            ),
            (
                json!({"kind": "reset", "after": "head"}),
                Fault::reset(ResetAfter::Head),
            ),
            (
                json!({"kind": "reset", "after": "request", "processed": false}),
                Fault::reset(ResetAfter::Request).processed(false),
            ),
            (json!({"kind": "cut_body"}), Fault::cut_body()),
            (
                json!({"kind": "delivery", "reason": "network", "status": "expired"}),
                Fault::delivery(DeliveryOutcome::Failed, "network").delivery_status("expired"),
            ),
            (
                json!({"kind": "delivery", "outcome": "unknown", "reason": "unknown"}),
                Fault::delivery(DeliveryOutcome::Unknown, "unknown"),
            ),
        ] {
            assert_eq!(Fault::from_json(json.clone()).unwrap(), fault, "{json}");
            assert!(fault.check().is_ok(), "{json}");
        }
    }

    #[test]
    fn refuses_what_cannot_be() {
        for json in [
            json!({"kind": "status", "status": 200}),
            json!({"kind": "status", "status": 503, "count": 0}),
            json!({"kind": "status", "status": 503, "retry_after": "a\nb"}),
            json!({"kind": "status"}),
            json!({"kind": "status", "status": 503, "reason": "x"}),
            json!({"kind": "reset", "after": "head", "processed": true}),
            json!({"kind": "reset"}),
            json!({"kind": "cut_body", "processed": false}),
            json!({"kind": "cut_body", "at": 3}),
            json!({"kind": "delivery", "processed": false}),
            json!({"kind": "meteor"}),
            json!({"kind": "delay", "milliseconds": 1, "count": -1}),
            json!([]),
        ] {
            let fault = Fault::from_json(json.clone()).and_then(|fault| fault.check());
            assert!(fault.is_err(), "{json}");
        }
        assert!(Fault::cut_body().code("internal").check().is_err());
    }
}
