//! Claims and the gate: of any number of workers, one sends.

use std::time::Duration;

use super::desk::{Desk, LEASE};
use crate::record::Key;
use crate::state::State;
use crate::store::{Claimed, Gated};

pub(super) async fn one_of_many_wins(desk: Desk) {
    let workers: Vec<_> = (0..32)
        .map(|_| {
            let desk = desk.clone();
            tokio::spawn(async move { desk.claim("im_1").await })
        })
        .collect();
    let mut won = 0;
    for worker in workers {
        match worker.await.unwrap() {
            Claimed::Won(ticket) => {
                assert_eq!((ticket.token, ticket.attempts), (1, 1));
                won += 1;
            }
            Claimed::Lost(record) => assert_eq!(record.state, State::Claimed),
        }
    }
    assert_eq!(won, 1);
}

pub(super) async fn only_a_lease_that_is_over_is_claimed_again(mut desk: Desk) {
    desk.won("im_1").await;
    desk.after(LEASE);
    assert!(matches!(desk.claim("im_1").await, Claimed::Lost(_)));
    desk.after(Duration::from_micros(1));
    let again = desk.won("im_1").await;
    assert_eq!((again.token, again.attempts), (2, 2));
    assert!(matches!(desk.claim("im_1").await, Claimed::Lost(_)));
}

pub(super) async fn the_gate_opens_once_and_only_for_the_newest_claim(mut desk: Desk) {
    let first = desk.won("im_1").await;
    desk.after(2 * LEASE);
    let second = desk.won("im_1").await;
    assert!(matches!(desk.gate(&first, "c").await, Gated::Shut(Some(_))));
    let tries: Vec<_> = (0..16)
        .map(|_| {
            let (desk, ticket) = (desk.clone(), second.clone());
            tokio::spawn(async move { desk.gate(&ticket, "c").await })
        })
        .collect();
    let mut open = 0;
    for gated in tries {
        open += usize::from(gated.await.unwrap() == Gated::Open);
    }
    assert_eq!(open, 1);
    // A lease that is over, and that nobody else took, still passes: the gate needs no clock.
    let late = desk.won("im_2").await;
    desk.after(2 * LEASE);
    assert_eq!(desk.gate(&late, "c2").await, Gated::Open);
    let unknown = crate::Ticket {
        key: desk.key("im_3"),
        ..late
    };
    assert_eq!(desk.gate(&unknown, "c3").await, Gated::Shut(None));
}

pub(super) async fn sending_is_never_claimed_again(mut desk: Desk) {
    desk.sending("im_1").await;
    assert_eq!(desk.state("im_1").await, State::Sending);
    desk.after(1000 * LEASE);
    let Claimed::Lost(record) = desk.claim("im_1").await else {
        panic!("claimed what may have been sent");
    };
    assert_eq!(record.state, State::MaybeSent);
    assert_eq!(desk.list(Some(State::MaybeSent)).await, ["im_1"]);
    assert!(desk.list(Some(State::Sending)).await.is_empty());
}

pub(super) async fn slots_and_scopes_are_apart(desk: Desk, other: Desk) {
    desk.won("im_1").await;
    other.won("im_1").await;
    let survey = Key::new(desk.scope.clone(), "im_1".into(), "survey");
    assert!(matches!(desk.claim_key(survey).await, Claimed::Won(_)));
    assert_eq!(desk.list(None).await.len(), 2);
    assert_eq!(other.list(None).await.len(), 1);
    // The rows of one slot.
    let survey = || desk.rows(Some("survey"));
    assert_eq!(desk.list_rows(survey(), None).await.len(), 1);
    assert_eq!(
        desk.list_rows(survey(), Some(State::Sending)).await.len(),
        0
    );
    let counts = desk.store.counts(survey(), desk.now).await.unwrap();
    assert_eq!(counts, [(State::Claimed, 1)].into());
    let counts = desk.store.counts(desk.rows(None), desk.now).await.unwrap();
    assert_eq!(counts, [(State::Claimed, 2)].into());
}
