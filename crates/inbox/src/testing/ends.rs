//! How attempts end, and what a late end may still change.

use std::time::Duration;

use super::desk::{Desk, LEASE, answer, not_sent, not_sent_yet, rejected, sent};
use crate::state::{End, State};
use crate::store::Claimed;

pub(super) async fn each_end_has_its_state(desk: Desk) {
    for (id, end, state) in [
        ("im_1", sent("tx_1"), State::Sent),
        ("im_2", End::Sent { reply_id: None }, State::Sent),
        ("im_3", rejected(), State::Rejected),
        ("im_4", not_sent(Some(Duration::ZERO)), State::Retrying),
        ("im_5", End::MaybeSent, State::MaybeSent),
        ("im_10", not_sent(None), State::GivenUp),
    ] {
        let ticket = desk.sending(id).await;
        assert!(!desk.finish(&ticket, End::Skipped).await, "{id}");
        assert!(desk.finish(&ticket, end).await, "{id}");
        let record = desk.get(id).await.unwrap();
        assert_eq!(record.state, state, "{id}");
        assert_eq!(record.due_at, None, "{id}");
        let again = matches!(desk.claim(id).await, Claimed::Won(_));
        assert_eq!(again, state == State::Retrying, "{id}");
        // The event is kept as long as somebody may have to answer the message.
        let kept = matches!(state, State::Retrying | State::GivenUp | State::MaybeSent);
        assert_eq!(record.event.is_some(), kept, "{id}");
    }
    let record = desk.get("im_1").await.unwrap();
    assert_eq!(record.reply_id.unwrap(), "tx_1");
    assert_eq!(record.correlation_id.unwrap(), "im_1.c");
    let rejected_row = desk.get("im_3").await.unwrap();
    assert_eq!(rejected_row.code.as_deref(), Some("window_expired"));
    // Before the gate.
    for (id, end, state) in [
        ("im_6", End::Skipped, State::Skipped),
        ("im_7", not_sent(None), State::GivenUp),
        ("im_8", rejected(), State::Rejected),
    ] {
        let ticket = desk.won(id).await;
        assert!(!desk.finish(&ticket, End::MaybeSent).await, "{id}");
        assert!(desk.finish(&ticket, end).await, "{id}");
        assert_eq!(desk.state(id).await, state, "{id}");
    }
    // The next attempt keeps the correlation id: a late event still finds the row.
    let ticket = desk.sending("im_9").await;
    assert!(desk.finish(&ticket, not_sent(Some(Duration::ZERO))).await);
    let again = desk.won("im_9").await;
    assert_eq!(again.correlation_id.unwrap(), "im_9.c");
}

pub(super) async fn an_answer_that_was_not_sent_is_kept(desk: Desk) {
    let first = desk.sending("im_1").await;
    assert_eq!(first.answer, None);
    assert!(desk.finish(&first, not_sent_yet(&answer())).await);
    let second = desk.sending("im_1").await;
    assert_eq!(second.answer, Some(answer()));
    // An end that brings none does not erase it.
    assert!(desk.finish(&second, not_sent(Some(Duration::ZERO))).await);
    let third = desk.sending("im_1").await;
    assert_eq!(third.answer, Some(answer()));
    assert_eq!(third.created_at, desk.now);
    assert!(desk.finish(&third, sent("tx_1")).await);
    let record = desk.get("im_1").await.unwrap();
    assert_eq!((record.answer, record.event), (None, None));
}

pub(super) async fn a_slow_sender_may_still_decide(mut desk: Desk) {
    let (first, second, third) = (
        desk.sending("im_1").await,
        desk.sending("im_2").await,
        desk.sending("im_3").await,
    );
    assert!(desk.finish(&second, End::MaybeSent).await);
    desk.after(2 * LEASE);
    for id in ["im_1", "im_2", "im_3"] {
        assert_eq!(desk.state(id).await, State::MaybeSent);
    }
    assert!(desk.finish(&first, sent("tx_1")).await);
    assert_eq!(desk.state("im_1").await, State::Sent);
    assert!(desk.finish(&second, rejected()).await);
    assert_eq!(desk.state("im_2").await, State::Rejected);
    // Never back.
    assert!(!desk.finish(&third, not_sent(Some(Duration::ZERO))).await);
    assert_eq!(desk.state("im_3").await, State::MaybeSent);
}

pub(super) async fn what_is_settled_stays(mut desk: Desk) {
    let ticket = desk.sending("im_1").await;
    assert!(desk.finish(&ticket, sent("tx_1")).await);
    for end in [
        End::MaybeSent,
        rejected(),
        not_sent(None),
        End::Skipped,
        sent("tx_2"),
    ] {
        assert!(!desk.finish(&ticket, end).await);
    }
    let record = desk.get("im_1").await.unwrap();
    assert_eq!(record.state, State::Sent);
    assert_eq!(record.reply_id.unwrap(), "tx_1");
    // A worker that lost its claim decides nothing.
    let first = desk.won("im_2").await;
    desk.after(2 * LEASE);
    let second = desk.won("im_2").await;
    for end in [rejected(), not_sent(None), End::Skipped, End::MaybeSent] {
        assert!(!desk.finish(&first, end).await);
    }
    assert_eq!(desk.get("im_2").await.unwrap().token, second.token);
    assert_eq!(desk.state("im_2").await, State::Claimed);
}
