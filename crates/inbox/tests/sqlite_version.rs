//! A newer Backchat brings a ledger up to date while an older one runs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod desk;
mod places;

use desk::{Api, hello, status};
use rusqlite::Connection;

#[tokio::test(flavor = "multi_thread")]
async fn a_process_leaves_a_version_alone_that_it_does_not_know() {
    let (api, folder) = (Api::new().await, places::Folder::new());
    let inbox = api.inbox_at(&folder.url()).await;
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    let newer = Connection::open(folder.file()).unwrap();
    let known: i64 = newer
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert!(known > 0);
    newer.pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(status(&inbox, &hello(2)).await, 503);
    let said = inbox.list(None, None).await.unwrap_err().to_string();
    assert!(said.contains("version 99"), "{said}");
    assert!(said.contains("newer Backchat"), "{said}");
    assert_eq!(api.posts().len(), 1);
    newer.pragma_update(None, "user_version", known).unwrap();
    assert_eq!(status(&inbox, &hello(2)).await, 200);
    // A ledger that was made before the header said so.
    newer.pragma_update(None, "user_version", 0).unwrap();
    let again = api.inbox_at(&folder.url()).await;
    assert_eq!(status(&again, &hello(1)).await, 200);
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    assert_eq!(api.posts().len(), 2);
}
