//! Delivery events settle rows.

use backchat_core::DeliveryStatus::{Created, Delivered, Failed, Submitted};

use super::desk::{Desk, LEASE, rejected, sent};
use crate::state::{End, State};
use crate::store::{Gated, Rearmed};

pub(super) async fn an_event_settles_by_correlation_id(mut desk: Desk) {
    // Before the POST returned.
    let early = desk.sending("im_1").await;
    let record = desk.settle("tx_1", Some("im_1.c"), Created).await.unwrap();
    assert_eq!(record.state, State::Sent);
    assert_eq!(record.reply_id.unwrap(), "tx_1");
    for end in [End::MaybeSent, rejected(), sent("tx_1")] {
        assert!(!desk.finish(&early, end).await);
    }
    assert_eq!(desk.state("im_1").await, State::Sent);
    // After a maybe_sent, and after a sender that died.
    let ticket = desk.sending("im_2").await;
    assert!(desk.finish(&ticket, End::MaybeSent).await);
    desk.sending("im_3").await;
    desk.after(2 * LEASE);
    for (id, reply) in [("im_2", "tx_2"), ("im_3", "tx_3")] {
        assert_eq!(desk.state(id).await, State::MaybeSent);
        let found = desk
            .settle(reply, Some(&format!("{id}.c")), Submitted)
            .await;
        assert_eq!(found.unwrap().key.message_id, id);
        assert_eq!(desk.state(id).await, State::Sent);
    }
    // Somebody else's.
    assert_eq!(desk.settle("tx_9", Some("im_9.c"), Created).await, None);
    assert_eq!(desk.settle("tx_9", None, Created).await, None);
}

pub(super) async fn an_event_settles_by_reply_id_and_keeps_the_furthest(desk: Desk) {
    let ticket = desk.sending("im_1").await;
    assert!(desk.finish(&ticket, sent("tx_1")).await);
    for (event, furthest) in [
        (Created, Created),
        (Delivered, Delivered),
        (Submitted, Delivered),
        (Failed, Delivered),
    ] {
        let record = desk.settle("tx_1", None, event).await.unwrap();
        assert_eq!(record.delivery, Some(furthest));
        assert_eq!(record.state, State::Sent);
    }
    // Sent, but the answer could not be read: the event brings the id.
    let ticket = desk.sending("im_2").await;
    assert!(desk.finish(&ticket, End::Sent { reply_id: None }).await);
    let record = desk.settle("tx_2", Some("im_2.c"), Created).await.unwrap();
    assert_eq!(record.reply_id.unwrap(), "tx_2");
}

pub(super) async fn an_ambiguous_event_settles_nothing(desk: Desk) {
    for id in ["im_1", "im_2"] {
        let ticket = desk.won(id).await;
        assert_eq!(desk.gate(&ticket, "conversation").await, Gated::Open);
    }
    let found = desk.settle("tx_1", Some("conversation"), Created).await;
    assert_eq!(found, None);
    assert_eq!(desk.list(Some(State::Sending)).await, ["im_1", "im_2"]);
}

pub(super) async fn a_late_event_stops_a_second_reply(desk: Desk) {
    // An operator re-armed too soon, and a worker runs the handler again.
    let ticket = desk.sending("im_1").await;
    assert!(desk.finish(&ticket, End::MaybeSent).await);
    assert_eq!(desk.rearm("im_1").await, Rearmed::Yes);
    let second = desk.won("im_1").await;
    assert!(desk.settle("tx_1", Some("im_1.c"), Created).await.is_some());
    assert!(matches!(desk.gate(&second, "x").await, Gated::Shut(_)));
    assert_eq!(desk.state("im_1").await, State::Sent);
    // The same when the first sender itself returns.
    let ticket = desk.sending("im_2").await;
    assert!(desk.finish(&ticket, End::MaybeSent).await);
    assert_eq!(desk.rearm("im_2").await, Rearmed::Yes);
    let second = desk.won("im_2").await;
    assert!(!desk.finish(&ticket, rejected()).await);
    assert!(desk.finish(&ticket, sent("tx_2")).await);
    assert!(matches!(desk.gate(&second, "x").await, Gated::Shut(_)));
}
