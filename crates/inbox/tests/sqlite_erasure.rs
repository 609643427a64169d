//! The bytes of a ledger on SQLite: what is done or forgotten is in none of its files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod desk;
mod places;

use std::fs;
use std::path::Path;

use backchat_inbox::core::Webhook;
use backchat_inbox::{Inbox, QueueOptions};
use desk::{Api, message, status, until};

const NUMBER: &str = "+33698765432";
/// Longer than a page, so that it is kept in pages of its own as well.
const WORDS: usize = 2_000;

fn text(mark: &str) -> String {
    format!("{mark} ").repeat(WORDS)
}

/// The files of the ledger that hold `needle`.
fn holding(file: &Path, needle: &str) -> Vec<&'static str> {
    let holds = |suffix: &&str| {
        let bytes = fs::read(format!("{}{suffix}", file.display())).unwrap_or_default();
        bytes
            .windows(needle.len())
            .any(|found| found == needle.as_bytes())
    };
    ["", "-wal", "-shm"].into_iter().filter(holds).collect()
}

async fn queue(api: &Api, folder: &places::Folder) -> Inbox {
    let builder = Inbox::builder(api.client(), Webhook::unverified());
    let builder = builder.store(&folder.url()).await.unwrap();
    let inbox = builder.queue(QueueOptions::default()).build().unwrap();
    inbox.on_message(|_| async { "Hello" }).unwrap();
    inbox
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_is_in_no_file() {
    let (api, folder) = (Api::new().await, places::Folder::new());
    let inbox = queue(&api, &folder).await;
    for (number, from, mark) in [
        (1, NUMBER, "forgettable"),
        (2, desk::ANNA, "other"),
        (3, NUMBER, "forgettable"),
    ] {
        let body = message(number, from, &text(mark));
        assert_eq!(status(&inbox, &body).await, 200);
    }
    assert!(!holding(&folder.file(), "forgettable").is_empty());
    assert!(!holding(&folder.file(), NUMBER).is_empty());
    assert_eq!(inbox.forget(NUMBER).await.unwrap(), 2);
    assert_eq!(holding(&folder.file(), "forgettable"), [""; 0]);
    assert_eq!(holding(&folder.file(), NUMBER), [""; 0]);
    assert!(!holding(&folder.file(), "other").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_is_overwritten_and_the_end_empties_the_log() {
    let (api, folder) = (Api::new().await, places::Folder::new());
    let inbox = queue(&api, &folder).await;
    for number in 1..4 {
        let body = message(number, NUMBER, &text("answered"));
        assert_eq!(status(&inbox, &body).await, 200);
    }
    assert!(!holding(&folder.file(), "answered").is_empty());
    let running = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.run().await }
    });
    api.posted(3).await;
    while inbox
        .counts()
        .await
        .unwrap()
        .get(&backchat_inbox::State::Sent)
        != Some(&3)
    {
        tokio::task::yield_now().await;
    }
    inbox.shutdown().await;
    running.await.unwrap();
    drop(inbox);
    until(|| holding(&folder.file(), "answered").is_empty()).await;
    assert_eq!(holding(&folder.file(), NUMBER), [""; 0]);
}
