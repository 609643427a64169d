//! A webhook that somebody captured is not answered again once its row is deleted.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod desk;
mod places;

use std::time::Duration;

use backchat_inbox::Inbox;
use backchat_inbox::core::{Event, Webhook};
use desk::{Api, Failures, TestClock, hello, post_to};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn unverified_events_and_kept_ones_have_no_age() {
    let api = Api::new().await;
    let clock = TestClock::new();
    let inbox = api.inbox(|builder| builder.clock(clock.read()));
    let failures = Failures::of(&inbox);
    clock.forward(100 * DAY);
    // The documentation's sample event.
    assert_eq!(post_to(&inbox, &hello(1)).await.body, "sent");
    let kept = Event::from_json(hello(2)).unwrap().with_verified(true);
    assert_eq!(inbox.handle(kept).await.body, "sent");
    assert_eq!(failures.list(), []);
}

#[tokio::test]
async fn old_rows_are_deleted_as_traffic_comes() {
    let api = Api::new().await;
    let clock = TestClock::new();
    let folder = places::Folder::new();
    let open = async || {
        let builder = Inbox::builder(api.client(), Webhook::unverified());
        let builder = builder.store(&folder.url()).await.unwrap();
        desk::echoing(builder.clock(clock.read()).build().unwrap())
    };
    let inbox = open().await;
    for number in 1..=3 {
        assert_eq!(post_to(&inbox, &hello(number)).await.body, "sent");
    }
    clock.forward(31 * DAY);
    assert_eq!(inbox.list(None, None).await.unwrap().len(), 3);
    // `run` is never called: an inbox cleans up with its first request, and then every minute.
    // Prelude's own times go on, so it is no clock that jumped.
    let later = open().await;
    assert_eq!(post_to(&later, &hello(4)).await.body, "sent");
    later.shutdown().await;
    assert_eq!(later.list(None, None).await.unwrap().len(), 4);
    let later = open().await;
    let next = desk::message_at("2025-11-24T09:00:00Z", 5, desk::ANNA, "Hello");
    assert_eq!(post_to(&later, &next).await.body, "sent");
    later.shutdown().await;
    let left = later.list(None, None).await.unwrap();
    let ids: Vec<_> = left.iter().map(|record| &record.key.message_id).collect();
    assert_eq!(ids, ["im_4", "im_5"]);
}
