//! The queue: nothing is lost, and the order of each sender is kept.

use std::time::Duration;

use super::desk::{Desk, LEASE, event, ids, not_sent, sent};
use crate::state::{End, State};
use crate::store::{Backlog, Claimed, Gated};

const ANNA: &str = "+33600000001";
const BEN: &str = "+33600000002";

pub(super) async fn keeps_the_order_of_each_sender(mut desk: Desk) {
    for (id, sender) in [
        ("im_a1", ANNA),
        ("im_a2", ANNA),
        ("im_b1", BEN),
        ("im_a3", ANNA),
        ("im_b2", BEN),
    ] {
        assert!(desk.enqueue(id, sender).await);
        assert!(!desk.enqueue(id, sender).await, "a duplicate");
        desk.after(Duration::from_millis(1));
    }
    let due = desk.next_due(10).await;
    assert_eq!(ids(&due), ["im_a1", "im_b1"]);
    assert_eq!(due[0].event, event());
    assert_eq!((due[0].ticket.token, due[0].ticket.attempts), (1, 1));
    assert!(desk.next_due(10).await.is_empty());
    // Ben's first is done, Anna's first is being sent.
    assert!(desk.finish(&due[1].ticket, End::Skipped).await);
    assert_eq!(desk.gate(&due[0].ticket, "c1").await, Gated::Open);
    let next = desk.next_due(10).await;
    assert_eq!(ids(&next), ["im_b2"]);
    assert!(desk.finish(&due[0].ticket, sent("tx_1")).await);
    assert_eq!(desk.get("im_a1").await.unwrap().event, None);
    let next = desk.next_due(10).await;
    assert_eq!(ids(&next), ["im_a2"]);
    // A maybe_sent holds nobody up, and keeps its event for an operator.
    assert_eq!(desk.gate(&next[0].ticket, "c2").await, Gated::Open);
    assert!(desk.finish(&next[0].ticket, End::MaybeSent).await);
    assert!(desk.get("im_a2").await.unwrap().event.is_some());
    assert_eq!(ids(&desk.next_due(10).await), ["im_a3"]);
    desk.rearm("im_a2").await;
    assert_eq!(ids(&desk.next_due(10).await), ["im_a2"]);
}

pub(super) async fn tries_again_and_gives_up(mut desk: Desk) {
    desk.enqueue("im_1", ANNA).await;
    desk.enqueue("im_2", ANNA).await;
    let due = desk.next_due(1).await;
    let wait = Duration::from_secs(5);
    assert!(desk.finish(&due[0].ticket, not_sent(Some(wait))).await);
    assert!(
        desk.next_due(10).await.is_empty(),
        "before its time, or out of order"
    );
    desk.after(wait);
    let due = desk.next_due(10).await;
    assert_eq!(ids(&due), ["im_1"]);
    assert_eq!(due[0].ticket.attempts, 2);
    assert!(desk.finish(&due[0].ticket, not_sent(None)).await);
    let record = desk.get("im_1").await.unwrap();
    assert_eq!(record.state, State::GivenUp);
    assert!(matches!(desk.claim("im_1").await, Claimed::Lost(_)));
    assert_eq!(record.code.as_deref(), Some("connection_failed"));
    assert_eq!(ids(&desk.next_due(10).await), ["im_2"]);
    desk.rearm("im_1").await;
    let due = desk.next_due(10).await;
    assert_eq!(ids(&due), ["im_1"]);
    assert_eq!(due[0].ticket.attempts, 1);
}

pub(super) async fn a_dead_worker_loses_nothing(mut desk: Desk) {
    desk.enqueue("im_1", ANNA).await;
    desk.enqueue("im_2", ANNA).await;
    // Dies before the gate, then after it.
    assert_eq!(ids(&desk.next_due(10).await), ["im_1"]);
    desk.after(LEASE);
    assert!(desk.next_due(10).await.is_empty());
    desk.after(Duration::from_micros(1));
    let due = desk.next_due(10).await;
    assert_eq!(ids(&due), ["im_1"]);
    assert_eq!(desk.gate(&due[0].ticket, "c").await, Gated::Open);
    assert!(desk.next_due(10).await.is_empty());
    desk.after(2 * LEASE);
    assert_eq!(ids(&desk.next_due(10).await), ["im_2"]);
    assert_eq!(desk.state("im_1").await, State::MaybeSent);
}

/// Two processes, one of them not yet in queue mode: an event that got its 200 is never lost.
pub(super) async fn an_event_of_an_inline_worker_is_kept(mut desk: Desk) {
    let ticket = desk.won("im_1").await;
    assert!(desk.enqueue("im_1", ANNA).await);
    assert!(!desk.enqueue("im_1", ANNA).await);
    assert!(desk.next_due(10).await.is_empty());
    // It dies.
    desk.after(2 * LEASE);
    let due = desk.next_due(10).await;
    assert_eq!(ids(&due), ["im_1"]);
    assert!(matches!(desk.gate(&ticket, "c").await, Gated::Shut(_)));
    assert!(desk.finish(&due[0].ticket, End::Skipped).await);
    // It fails.
    let ticket = desk.won("im_2").await;
    assert!(desk.finish(&ticket, not_sent(Some(Duration::ZERO))).await);
    assert!(desk.enqueue("im_2", ANNA).await);
    assert_eq!(ids(&desk.next_due(10).await), ["im_2"]);
    // It is done.
    let ticket = desk.sending("im_3").await;
    assert!(desk.finish(&ticket, sent("tx_3")).await);
    assert!(!desk.enqueue("im_3", ANNA).await);
}

pub(super) async fn a_queue_that_nobody_works_on_is_seen(mut desk: Desk) {
    assert_eq!(desk.backlog().await, Backlog::default());
    desk.won("im_0").await;
    assert_eq!(desk.backlog().await, Backlog::default(), "not of the queue");
    desk.enqueue("im_1", ANNA).await;
    desk.after(LEASE);
    desk.enqueue("im_2", ANNA).await;
    let waiting = Backlog {
        oldest_due: Some(LEASE),
        at_work: false,
        has_messages: true,
    };
    assert_eq!(desk.backlog().await, waiting);
    let due = desk.next_due(10).await;
    let working = Backlog {
        oldest_due: Some(Duration::ZERO),
        at_work: true,
        has_messages: true,
    };
    assert_eq!(desk.backlog().await, working);
    // Its next attempt is not due yet.
    assert!(desk.finish(&due[0].ticket, not_sent(Some(LEASE))).await);
    assert!(!desk.backlog().await.at_work);
    // A worker that died is at work no longer.
    desk.after(LEASE);
    assert_eq!(ids(&desk.next_due(10).await), ["im_1"]);
    desk.after(2 * LEASE);
    assert_eq!(desk.backlog().await.oldest_due, Some(3 * LEASE));
    let due = desk.next_due(10).await;
    assert!(desk.finish(&due[0].ticket, End::Skipped).await);
    let due = desk.next_due(10).await;
    assert!(desk.finish(&due[0].ticket, not_sent(Some(LEASE))).await);
    let later = Backlog {
        has_messages: true,
        ..Backlog::default()
    };
    assert_eq!(desk.backlog().await, later);
    // Nor does its message wait unseen.
    desk.after(LEASE);
    assert_eq!(ids(&desk.next_due(10).await), ["im_2"]);
    desk.after(2 * LEASE);
    let abandoned = Backlog {
        oldest_due: Some(LEASE),
        at_work: false,
        has_messages: true,
    };
    assert_eq!(desk.backlog().await, abandoned);
}
