//! The state machine by itself: what must hold after any sequence of steps.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

use std::time::Duration;

use backchat_inbox::core::jiff::Timestamp;
use backchat_inbox::core::{CorrelationId, DeliveryStatus};
use backchat_inbox::machine::{Step, Transition, apply};
use backchat_inbox::{Digest, End, Key, Record, State, StoredAnswer, StoredEvent};
use proptest::prelude::*;

const LEASE: Duration = Duration::from_secs(10);

fn key() -> Key {
    Key::new("scope", "im_1".into(), "reply")
}

fn event() -> StoredEvent {
    StoredEvent {
        json: b"{}".as_slice().into(),
        verified: true,
    }
}

fn claim() -> Step {
    Step::Claim {
        sender: Digest::of("+33612345678"),
        event: event(),
        lease: LEASE,
    }
}

fn begin(token: i64) -> Step {
    Step::BeginSend {
        token,
        text: Digest::of("Hello"),
        correlation_id: CorrelationId::parse("c").unwrap(),
        lease: LEASE,
    }
}

fn finish(token: i64, end: End) -> Step {
    Step::Finish { token, end }
}

fn step() -> impl Strategy<Value = Step> {
    let token = || 0..5_i64;
    let end = prop_oneof![
        Just(End::Sent { reply_id: None }),
        Just(End::Sent {
            reply_id: Some("tx_1".into())
        }),
        Just(End::Rejected {
            code: "window_expired".to_owned()
        }),
        Just(End::NotSent {
            code: None,
            retry_in: None,
            answer: None,
        }),
        Just(End::NotSent {
            code: None,
            retry_in: Some(LEASE),
            answer: Some(StoredAnswer {
                json: b"{}".as_slice().into()
            }),
        }),
        Just(End::MaybeSent),
        Just(End::Skipped),
    ];
    prop_oneof![
        4 => Just(claim()),
        2 => Just(Step::ClaimDue { lease: LEASE }),
        1 => Just(Step::Enqueue {
            sender: Digest::of("+33612345678"),
            event: event(),
        }),
        6 => token().prop_map(begin),
        6 => (token(), end).prop_map(|(token, end)| finish(token, end)),
        1 => Just(Step::Settle {
            reply_id: "tx_1".into(),
            delivery: DeliveryStatus::Created,
        }),
        1 => Just(Step::Rearm { event: None }),
        1 => Just(Step::Rearm { event: Some(event()) }),
        1 => Just(Step::GiveUp),
        1 => Just(Step::Forget),
    ]
}

fn after(row: Option<&Record>, step: &Step, now: Timestamp) -> Option<Record> {
    match apply(&key(), row, step, now) {
        Transition::To(next) => Some(*next),
        Transition::Stays => None,
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_761_300_000_000 + millis).unwrap()
}

proptest! {
    /// Each claim may send once, and a claim after one that may have sent needs an operator, or the
    /// proof that nothing left. The clock may jump as it likes.
    #[test]
    fn at_most_one_post(steps in prop::collection::vec((step(), -40_000..40_000_i64), 1..80)) {
        let mut row: Option<Record> = None;
        let mut may_have_left = false;
        let mut gates = std::collections::BTreeSet::new();
        for (step, millis) in steps {
            let Some(next) = after(row.as_ref(), &step, at(millis)) else {
                continue;
            };
            match &step {
                Step::BeginSend { token, .. } => {
                    prop_assert!(!may_have_left, "a second POST");
                    prop_assert!(gates.insert(*token), "a second POST of one claim");
                    may_have_left = true;
                }
                Step::Finish { end: End::NotSent { .. }, .. } | Step::Rearm { .. } => {
                    may_have_left = false;
                }
                _ => {}
            }
            if let Some(before) = &row {
                prop_assert!(next.token >= before.token);
                prop_assert!(before.state != State::Sent || next.state == State::Sent);
                prop_assert_eq!(next.created_at, before.created_at);
            }
            prop_assert!(next.reply_id.is_none() || next.state == State::Sent);
            prop_assert!(next.due_at.is_none() || next.event.is_some());
            let finished = matches!(next.state, State::Sent | State::Rejected | State::Skipped);
            prop_assert!(!finished || (next.event.is_none() && next.answer.is_none()));
            row = Some(next);
        }
    }

    /// Whatever happened, somebody can still finish it: no state is a dead end for a listed row.
    #[test]
    fn nothing_is_stuck(steps in prop::collection::vec((step(), 0..40_000_i64), 1..40)) {
        let mut row: Option<Record> = None;
        for (step, millis) in steps {
            row = after(row.as_ref(), &step, at(millis)).or(row);
        }
        let Some(row) = row else { return Ok(()) };
        let late = at(1_000_000);
        match row.state_at(late) {
            State::Claimed | State::Queued | State::Retrying => {
                prop_assert!(after(Some(&row), &claim(), late).is_some());
            }
            State::MaybeSent | State::GivenUp | State::Rejected | State::Skipped => {
                let rearm = Step::Rearm { event: Some(event()) };
                prop_assert!(after(Some(&row), &rearm, late).is_some());
            }
            State::Sent => {}
            State::Sending => prop_assert!(false, "a lease without end"),
        }
    }
}

/// Every transition that the module draws, and none of those that it forbids.
#[test]
fn the_table() {
    use State::{Claimed, GivenUp, MaybeSent, Queued, Rejected, Retrying, Sending, Sent, Skipped};
    let now = at(0);
    let in_state = |state| {
        let mut row = after(None, &claim(), now).unwrap();
        row.state = state;
        row
    };
    let sent = || End::Sent { reply_id: None };
    let not_sent = |retry_in| End::NotSent {
        code: None,
        retry_in,
        answer: None,
    };
    let rejected = || End::Rejected {
        code: "window_expired".to_owned(),
    };
    let settle = Step::Settle {
        reply_id: "tx_1".into(),
        delivery: DeliveryStatus::Created,
    };
    let rearm = Step::Rearm { event: None };
    // Each step, and what becomes of the rows that it changes.
    let table: [(Step, &[(State, State)]); 11] = [
        (claim(), &[(Queued, Claimed), (Retrying, Claimed)]),
        (begin(1), &[(Claimed, Sending)]),
        (
            finish(1, sent()),
            &[
                (Queued, Sent),
                (Claimed, Sent),
                (Sending, Sent),
                (Retrying, Sent),
                (GivenUp, Sent),
                (Rejected, Sent),
                (Skipped, Sent),
                (MaybeSent, Sent),
            ],
        ),
        (
            finish(1, rejected()),
            &[
                (Claimed, Rejected),
                (Sending, Rejected),
                (MaybeSent, Rejected),
            ],
        ),
        (
            finish(1, not_sent(Some(LEASE))),
            &[(Claimed, Retrying), (Sending, Retrying)],
        ),
        (
            finish(1, not_sent(None)),
            &[(Claimed, GivenUp), (Sending, GivenUp)],
        ),
        (finish(1, End::MaybeSent), &[(Sending, MaybeSent)]),
        (finish(1, End::Skipped), &[(Claimed, Skipped)]),
        (
            settle,
            &[
                (Queued, Sent),
                (Claimed, Sent),
                (Sending, Sent),
                (Retrying, Sent),
                (GivenUp, Sent),
                (Sent, Sent),
                (Rejected, Sent),
                (Skipped, Sent),
                (MaybeSent, Sent),
            ],
        ),
        (
            rearm,
            &[
                (Queued, Queued),
                (Retrying, Queued),
                (GivenUp, Queued),
                (Rejected, Queued),
                (Skipped, Queued),
                (MaybeSent, Queued),
            ],
        ),
        (Step::GiveUp, &[(Queued, GivenUp), (Retrying, GivenUp)]),
    ];
    for (step, expected) in table {
        for state in State::ALL {
            let found = after(Some(&in_state(*state)), &step, now).map(|next| next.state);
            let expected = expected.iter().find(|(from, _)| from == state);
            assert_eq!(found, expected.map(|(_, to)| *to), "{state} {step:?}");
        }
    }
    for stale in [begin(0), finish(0, rejected()), finish(0, not_sent(None))] {
        for state in State::ALL {
            assert_eq!(after(Some(&in_state(*state)), &stale, now), None);
        }
    }
}

#[test]
fn a_row_without_an_event_cannot_be_rearmed() {
    let now = at(0);
    let mut row = after(None, &claim(), now).unwrap();
    row.state = State::Rejected;
    row.event = None;
    assert_eq!(after(Some(&row), &Step::Rearm { event: None }, now), None);
    let given = Step::Rearm {
        event: Some(event()),
    };
    let queued = after(Some(&row), &given, now).unwrap();
    assert_eq!((queued.event, queued.due_at), (Some(event()), Some(now)));
}
