//! What operators do: re-arm, list, count, forget, prune.

use std::sync::Arc;
use std::time::Duration;

use backchat_core::jiff::Timestamp;

use super::desk::{Desk, LEASE, not_sent, rejected, sent};
use crate::digest::Digest;
use crate::record::later;
use crate::state::{End, State};
use crate::store::{Claimed, ListQuery, Prune, Rearmed};

const DAY: Duration = Duration::from_hours(24);

pub(super) async fn rearming(mut desk: Desk) {
    assert_eq!(desk.rearm("im_0").await, Rearmed::Unknown);
    for (id, end) in [
        ("im_1", End::MaybeSent),
        ("im_2", rejected()),
        ("im_3", not_sent(None)),
    ] {
        let ticket = desk.sending(id).await;
        assert!(matches!(desk.rearm(id).await, Rearmed::Refused(_)), "{id}");
        assert!(desk.finish(&ticket, end).await);
        assert_eq!(desk.rearm(id).await, Rearmed::Yes, "{id}");
        let again = desk.won(id).await;
        assert_eq!((again.token, again.attempts), (2, 1), "{id}");
        assert!(matches!(desk.rearm(id).await, Rearmed::Refused(_)), "{id}");
    }
    let ticket = desk.sending("im_4").await;
    desk.after(2 * LEASE);
    assert_eq!(desk.rearm("im_4").await, Rearmed::Yes);
    assert!(desk.finish(&ticket, sent("tx_4")).await);
    assert!(matches!(desk.rearm("im_4").await, Rearmed::Refused(_)));
    let ticket = desk.won("im_5").await;
    assert!(desk.finish(&ticket, End::Skipped).await);
    assert_eq!(desk.rearm("im_5").await, Rearmed::Yes);
}

pub(super) async fn lists_and_counts(mut desk: Desk) {
    let start = desk.now;
    let scope_name = Arc::clone(&desk.scope);
    let scope = || Arc::clone(&scope_name);
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
    let counts = desk.store.counts(scope(), desk.now).await.unwrap();
    assert_eq!(counts[&State::Sending], 3);
    assert_eq!(counts[&State::Sent], 1);
    at.after(2 * LEASE);
    let counts = at.store.counts(scope(), at.now).await.unwrap();
    assert_eq!(counts[&State::MaybeSent], 3);
    assert!(!counts.contains_key(&State::Sending));
    let age = oldest(&at).await.unwrap();
    assert_eq!(age, 2 * LEASE + Duration::from_secs(4));
    // In the order in which they came, by pages.
    let mut seen = Vec::new();
    let mut query = ListQuery {
        scope: scope(),
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
    let scope = Arc::clone(&desk.scope);
    desk.store.oldest_maybe_sent(scope, desk.now).await.unwrap()
}

pub(super) async fn forgetting(desk: Desk) {
    assert!(desk.enqueue("im_1", "+33600000001").await);
    assert!(desk.enqueue("im_2", "+33600000002").await);
    let ticket = desk.sending("im_3").await;
    assert!(desk.finish(&ticket, sent("tx_3")).await);
    let forget = |phone| {
        let (scope, sender) = (Arc::clone(&desk.scope), Digest::of(phone));
        desk.store.forget(scope, sender, desk.now)
    };
    assert_eq!(forget("+33600000001").await.unwrap(), 1);
    assert_eq!(forget("+33612345678").await.unwrap(), 1);
    assert_eq!(forget("+33600000001").await.unwrap(), 0);
    for (id, state) in [("im_1", State::Skipped), ("im_3", State::Sent)] {
        let record = desk.get(id).await.unwrap();
        assert_eq!(record.state, state);
        assert_eq!((record.sender, record.text), (None, None));
        assert_eq!((record.event, record.due_at), (None, None));
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
    ] {
        let ticket = desk.sending(id).await;
        assert!(desk.finish(&ticket, end).await);
    }
    desk.sending("im_5").await;
    assert!(desk.enqueue("im_6", "+33600000001").await);
    desk.after(16 * DAY);
    desk.sending("im_7").await;
    desk.after(Duration::from_secs(1));
    let prune = |limit| {
        let prune = Prune {
            scope: Arc::clone(&desk.scope),
            retention: 15 * DAY,
            limit,
        };
        desk.store.prune(prune, desk.now)
    };
    let mut steps = 0;
    loop {
        let changed = prune(1).await.unwrap();
        assert!(changed <= 3, "more than a small step");
        if changed == 0 {
            break;
        }
        steps += 1;
    }
    assert!(steps >= 2);
    let kept = desk.list(None).await;
    assert_eq!(kept, ["im_3", "im_4", "im_5", "im_6", "im_7"]);
    assert_eq!(desk.get("im_6").await.unwrap().event, None);
    assert_eq!(desk.get("im_6").await.unwrap().created_at, first);
    assert_eq!(desk.state("im_5").await, State::MaybeSent);
    assert_eq!(desk.state("im_7").await, State::Sending);
}

/// A redelivery of what was deleted too early would be answered a second time.
pub(super) async fn pruning_by_a_clock_that_jumped(mut desk: Desk) {
    let start = desk.now;
    let ticket = desk.sending("im_1").await;
    assert!(desk.finish(&ticket, sent("tx_1")).await);
    assert!(desk.enqueue("im_2", "+33600000001").await);
    let prune = |now| {
        let prune = Prune {
            scope: Arc::clone(&desk.scope),
            retention: 15 * DAY,
            limit: 100,
        };
        desk.store.prune(prune, now)
    };
    for ahead in [16 * DAY, 31 * DAY, 400 * DAY] {
        assert_eq!(prune(later(start, ahead)).await.unwrap(), 0, "{ahead:?}");
    }
    assert_eq!(desk.state("im_1").await, State::Sent);
    assert!(desk.get("im_2").await.unwrap().event.is_some());
    // Messages go on coming: the time has passed. A day may be without any.
    desk.now = later(start, 15 * DAY);
    desk.sending("im_3").await;
    assert_eq!(prune(later(start, 15 * DAY)).await.unwrap(), 0);
    let next_day = later(start, 15 * DAY + DAY / 2);
    // The lease of `im_3` is over, too.
    assert_eq!(prune(next_day).await.unwrap(), 3);
    assert!(desk.get("im_1").await.is_none());
    assert_eq!(desk.get("im_2").await.unwrap().event, None);
}
