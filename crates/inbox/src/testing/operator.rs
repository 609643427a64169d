//! What operators do: re-arm, list, count, forget, prune.

use std::sync::Arc;
use std::time::Duration;

use backchat_core::jiff::Timestamp;

use super::desk::{Desk, LEASE, answer, event, ids, not_sent, not_sent_yet, rejected, sent};
use crate::digest::Digest;
use crate::record::later;
use crate::state::{End, State};
use crate::store::{Claimed, EventKey, ListQuery, Prune, Pruned, Rearmed};

const DAY: Duration = Duration::from_hours(24);

pub(super) async fn rearming(mut desk: Desk) {
    assert_eq!(desk.rearm("im_0").await, Rearmed::Unknown);
    for (id, end) in [
        ("im_1", End::MaybeSent),
        ("im_2", not_sent(Some(LEASE))),
        ("im_3", not_sent(None)),
    ] {
        let ticket = desk.sending(id).await;
        assert!(matches!(desk.rearm(id).await, Rearmed::Refused(_)), "{id}");
        assert!(desk.finish(&ticket, end).await);
        assert_eq!(desk.rearm(id).await, Rearmed::Yes, "{id}");
        let record = desk.get(id).await.unwrap();
        assert_eq!(record.state, State::Queued, "{id}");
        assert_eq!(
            (record.due_at, record.event),
            (Some(desk.now), Some(event())),
            "{id}"
        );
        let again = desk.won(id).await;
        assert_eq!((again.token, again.attempts), (2, 1), "{id}");
        assert!(matches!(desk.rearm(id).await, Rearmed::Refused(_)), "{id}");
    }
    let ticket = desk.sending("im_4").await;
    desk.after(2 * LEASE);
    assert_eq!(desk.rearm("im_4").await, Rearmed::Yes);
    assert!(desk.finish(&ticket, sent("tx_4")).await);
    assert!(matches!(desk.rearm("im_4").await, Rearmed::Refused(_)));
    // A row that is done keeps no event: only somebody who has it can have it answered.
    for (id, end) in [("im_5", End::Skipped), ("im_6", rejected())] {
        let ticket = desk.won(id).await;
        assert!(desk.finish(&ticket, end).await);
        assert!(matches!(desk.rearm(id).await, Rearmed::NoEvent(_)), "{id}");
        let rearmed = desk.rearm_with(id, Some(event())).await;
        assert_eq!(rearmed, Rearmed::Yes, "{id}");
        assert_eq!(desk.get(id).await.unwrap().event, Some(event()), "{id}");
    }
    assert!(matches!(
        desk.rearm_with("im_4", Some(event())).await,
        Rearmed::Refused(_)
    ));
}

pub(super) async fn lists_and_counts(mut desk: Desk) {
    let start = desk.now;
    assert_eq!(oldest(&desk).await, None);
    let mut at = desk.clone();
    for id in ["im_b", "im_a", "im_c", "im_d"] {
        let ticket = at.sending(id).await;
        if id == "im_c" {
            assert!(at.finish(&ticket, sent("tx_c")).await);
        }
        at.after(Duration::from_secs(1));
    }
    desk.now = at.now;
    let rows = || desk.rows(Some("reply"));
    let counts = desk.store.counts(rows(), desk.now).await.unwrap();
    assert_eq!(counts[&State::Sending], 3);
    assert_eq!(counts[&State::Sent], 1);
    at.after(2 * LEASE);
    let counts = at.store.counts(rows(), at.now).await.unwrap();
    assert_eq!(counts[&State::MaybeSent], 3);
    assert!(!counts.contains_key(&State::Sending));
    let age = oldest(&at).await.unwrap();
    assert_eq!(age, 2 * LEASE + Duration::from_secs(4));
    // In the order in which they came, by pages.
    let mut seen = Vec::new();
    let mut query = ListQuery {
        rows: rows(),
        state: None,
        since: Timestamp::UNIX_EPOCH,
        after: None,
        limit: 3,
    };
    loop {
        let page = at.store.list(query.clone(), at.now).await.unwrap();
        let Some(last) = page.last() else { break };
        query.after = Some((last.created_at, last.key.clone()));
        seen.extend(page.iter().map(|r| r.key.message_id.to_string()));
    }
    assert_eq!(seen, ["im_b", "im_a", "im_c", "im_d"]);
    let query = ListQuery {
        state: Some(State::MaybeSent),
        since: later(start, Duration::from_secs(1)),
        after: None,
        limit: 1,
        ..query
    };
    let page = at.store.list(query, at.now).await.unwrap();
    assert_eq!(page.len(), 1);
    assert_eq!(page[0].key.message_id, "im_a");
    assert_eq!(page[0].state, State::MaybeSent);
}

async fn oldest(desk: &Desk) -> Option<Duration> {
    let oldest = desk.store.oldest_maybe_sent(desk.rows(None), desk.now);
    oldest.await.unwrap()
}

pub(super) async fn forgetting(desk: Desk) {
    assert!(desk.enqueue("im_1", "+33600000001").await);
    assert!(desk.enqueue("im_2", "+33600000002").await);
    let ticket = desk.sending("im_3").await;
    assert!(desk.finish(&ticket, sent("tx_3")).await);
    let ticket = desk.sending("im_4").await;
    assert!(desk.finish(&ticket, not_sent_yet(&answer())).await);
    let under_way = desk.sending("im_5").await;
    let forget = |phone| {
        let (scope, sender) = (Arc::clone(&desk.scope), Digest::of(phone));
        desk.store.forget(scope, sender, desk.now)
    };
    assert_eq!(forget("+33600000001").await.unwrap(), 1);
    assert_eq!(forget("+33612345678").await.unwrap(), 3);
    assert_eq!(forget("+33600000001").await.unwrap(), 0);
    // Nothing comes back with an end that was not known yet.
    assert_eq!(desk.state("im_5").await, State::Sending);
    assert!(desk.finish(&under_way, not_sent_yet(&answer())).await);
    for (id, state) in [
        ("im_1", State::Skipped),
        ("im_3", State::Sent),
        ("im_4", State::Skipped),
        ("im_5", State::Skipped),
    ] {
        let record = desk.get(id).await.unwrap();
        assert_eq!(record.state, state);
        assert_eq!((record.sender, record.text), (None, None));
        assert_eq!((record.event, record.due_at), (None, None));
        assert_eq!(record.answer, None);
        // A redelivery still finds it.
        assert!(matches!(desk.claim(id).await, Claimed::Lost(_)), "{id}");
    }
    assert!(desk.get("im_2").await.unwrap().event.is_some());
}

pub(super) async fn pruning(mut desk: Desk) {
    let first = desk.now;
    for (id, end) in [
        ("im_1", sent("tx_1")),
        ("im_2", rejected()),
        ("im_3", End::MaybeSent),
        ("im_4", not_sent(None)),
        ("im_8", not_sent(Some(Duration::ZERO))),
    ] {
        let ticket = desk.sending(id).await;
        assert!(desk.finish(&ticket, end).await);
    }
    desk.sending("im_5").await;
    assert!(desk.enqueue("im_6", "+33600000001").await);
    desk.won("im_9").await;
    desk.after(16 * DAY);
    desk.sending("im_7").await;
    desk.after(Duration::from_secs(1));
    let mut lost = Vec::new();
    let mut steps = 0;
    loop {
        let pruned = prune(&desk, 1).await;
        assert!(pruned.changed <= 6, "more than a small step");
        lost.extend(pruned.lost);
        if pruned.changed == 0 {
            break;
        }
        steps += 1;
    }
    assert!(steps >= 2);
    let kept = desk.list(None).await;
    assert_eq!(
        kept,
        ["im_3", "im_4", "im_5", "im_6", "im_8", "im_9", "im_7"]
    );
    // Each row that nobody works on any more is named, once.
    let mut named: Vec<_> = lost
        .iter()
        .map(|record| (record.key.message_id.as_str(), record.state))
        .collect();
    named.sort();
    assert_eq!(
        named,
        [
            ("im_5", State::MaybeSent),
            ("im_6", State::GivenUp),
            ("im_8", State::GivenUp),
            ("im_9", State::GivenUp),
        ]
    );
    for id in ["im_3", "im_4", "im_6", "im_8", "im_9"] {
        let record = desk.get(id).await.unwrap();
        assert_eq!((record.event, record.due_at), (None, None), "{id}");
        assert_eq!(record.created_at, first, "{id}");
    }
    assert_eq!(desk.state("im_5").await, State::MaybeSent);
    assert_eq!(desk.state("im_6").await, State::GivenUp);
    assert_eq!(desk.state("im_7").await, State::Sending);
}

/// A row that waits for a redelivery which does not come is listed before it is old.
pub(super) async fn what_is_not_delivered_again_is_given_up(mut desk: Desk) {
    let ticket = desk.won("im_1").await;
    assert!(desk.finish(&ticket, not_sent(Some(Duration::ZERO))).await);
    assert!(desk.enqueue("im_2", "+33600000001").await);
    desk.after(14 * DAY);
    assert_eq!(prune(&desk, 10).await.lost, []);
    desk.after(DAY + LEASE);
    desk.sending("im_3").await;
    let retention = 30 * DAY;
    let pruned = prune_after(&desk, retention, 10).await;
    assert_eq!(pruned.lost.len(), 1);
    assert_eq!(pruned.lost[0].key.message_id, "im_1");
    assert_eq!(desk.state("im_1").await, State::GivenUp);
    assert!(desk.get("im_1").await.unwrap().event.is_some());
    // The queue works on it.
    assert_eq!(desk.state("im_2").await, State::Queued);
}

/// An operator who re-arms an old message must not find it given up again, nor emptied.
pub(super) async fn what_is_rearmed_has_its_time(mut desk: Desk) {
    for (id, end) in [("im_1", not_sent(None)), ("im_2", End::MaybeSent)] {
        let ticket = desk.sending(id).await;
        assert!(desk.finish(&ticket, end).await);
    }
    desk.after(31 * DAY);
    desk.sending("im_3").await;
    for id in ["im_1", "im_2"] {
        assert_eq!(desk.rearm(id).await, Rearmed::Yes);
    }
    assert_eq!(prune(&desk, 10).await, Pruned::default());
    assert_eq!(ids(&desk.next_due(10).await), ["im_1"]);
    desk.after(2 * LEASE);
    let lost = prune(&desk, 10).await.lost;
    assert_eq!(lost.len(), 1, "only im_3, whose sender died: {lost:?}");
    assert_eq!(ids(&desk.next_due(10).await), ["im_1"]);
    desk.after(16 * DAY);
    desk.sending("im_4").await;
    desk.after(Duration::from_secs(1));
    let mut lost = prune(&desk, 10).await.lost;
    lost.extend(prune(&desk, 10).await.lost);
    assert_eq!(lost.len(), 2, "{lost:?}");
    assert!(lost.iter().all(|record| record.state == State::GivenUp));
    assert_eq!(desk.get("im_1").await.unwrap().event, None);
}

/// Rows 1, 2 and 4, which a clean-up would delete, empty and give up.
async fn done_queued_and_retrying(desk: &Desk) {
    let ticket = desk.sending("im_1").await;
    assert!(desk.finish(&ticket, sent("tx_1")).await);
    assert!(desk.enqueue("im_2", "+33600000001").await);
    let ticket = desk.won("im_4").await;
    assert!(desk.finish(&ticket, not_sent(Some(Duration::ZERO))).await);
}

/// A redelivery of what was deleted too early would be answered a second time.
pub(super) async fn pruning_by_a_clock_that_jumped(mut desk: Desk) {
    let start = desk.now;
    done_queued_and_retrying(&desk).await;
    for ahead in [16 * DAY, 31 * DAY, 400 * DAY] {
        desk.now = later(start, ahead);
        assert_eq!(prune(&desk, 100).await, Pruned::default(), "{ahead:?}");
    }
    assert_eq!(desk.state("im_1").await, State::Sent);
    assert_eq!(desk.state("im_4").await, State::Retrying);
    assert!(desk.get("im_2").await.unwrap().event.is_some());
    // A row that the wrong clock stamped proves nothing either: Prelude's events do.
    desk.now = later(start, 31 * DAY);
    desk.sending("im_5").await;
    let latest_event = later(start, DAY);
    let by_events = prune_by(&desk, 15 * DAY, 100, latest_event).await;
    assert_eq!(by_events, Pruned::default());
    assert_eq!(desk.state("im_1").await, State::Sent);
    let ticket = desk.get("im_5").await.unwrap();
    assert_eq!(ticket.state, State::Sending);
    desk.now = later(start, 32 * DAY);
    let by_events = prune_by(&desk, 15 * DAY, 100, later(start, 32 * DAY)).await;
    assert!(by_events.changed > 0);
}

pub(super) async fn pruning_while_no_message_comes(mut desk: Desk) {
    let start = desk.now;
    done_queued_and_retrying(&desk).await;
    // Messages go on coming: the time has passed. A day may be without any.
    desk.now = later(start, 15 * DAY);
    desk.sending("im_3").await;
    assert_eq!(prune(&desk, 100).await, Pruned::default());
    desk.now = later(start, 15 * DAY + DAY / 2);
    // The lease of `im_3` is over, too.
    let pruned = prune(&desk, 100).await;
    assert_eq!(pruned.lost.len(), 3);
    assert!(desk.get("im_1").await.is_none());
    assert_eq!(desk.get("im_2").await.unwrap().event, None);
}

pub(super) async fn events_are_handled_once(mut desk: Desk) {
    let event = |slot: &str| EventKey {
        scope: Arc::clone(&desk.scope),
        slot: slot.into(),
        event_id: "evt_1".into(),
    };
    let (reply, survey) = (event("reply"), event("survey"));
    let is_handled = async |desk: &Desk, event: &EventKey| {
        let handled = desk.store.is_handled(event.clone(), desk.now);
        handled.await.unwrap()
    };
    assert!(!is_handled(&desk, &reply).await);
    for _ in 0..2 {
        let marked = desk.store.mark_handled(reply.clone(), desk.now);
        marked.await.unwrap();
    }
    assert!(is_handled(&desk, &reply).await);
    assert!(!is_handled(&desk, &survey).await);
    desk.after(16 * DAY);
    assert_eq!(prune(&desk, 10).await.changed, 1);
    assert!(!is_handled(&desk, &reply).await);
}

async fn prune(desk: &Desk, limit: u32) -> Pruned {
    prune_after(desk, 15 * DAY, limit).await
}

async fn prune_after(desk: &Desk, retention: Duration, limit: u32) -> Pruned {
    prune_by(desk, retention, limit, Timestamp::MAX).await
}

async fn prune_by(desk: &Desk, retention: Duration, limit: u32, at_most: Timestamp) -> Pruned {
    let prune = Prune {
        at_most,
        scope: Arc::clone(&desk.scope),
        retention,
        abandoned: 15 * DAY,
        limit,
    };
    desk.store.prune(prune, desk.now).await.unwrap()
}
