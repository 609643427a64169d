//! A ledger of version 1 becomes one of today in place, with every row.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod desk;
mod places;

use backchat_inbox::{Ledger, Rearmed, State};
use desk::{Api, hello, id, post_to};
use rusqlite::Connection;

/// The tables as version 1 made them.
const SQLITE_1: &str = "
    CREATE TABLE backchat_schema (version INTEGER NOT NULL) STRICT;
    INSERT INTO backchat_schema VALUES (1);
    CREATE TABLE backchat_ledger (
        seq            INTEGER PRIMARY KEY,
        scope          TEXT NOT NULL,
        message_id     TEXT NOT NULL,
        slot           TEXT NOT NULL,
        state          TEXT NOT NULL,
        token          INTEGER NOT NULL,
        lease_until    INTEGER NOT NULL,
        sender_hash    BLOB,
        text_hash      BLOB,
        correlation_id TEXT,
        reply_id       TEXT,
        code           TEXT,
        delivery       INTEGER,
        attempts       INTEGER NOT NULL,
        created_at     INTEGER NOT NULL,
        updated_at     INTEGER NOT NULL,
        due_at         INTEGER,
        event          BLOB,
        event_verified INTEGER,
        UNIQUE (scope, message_id, slot)
    ) STRICT;
    CREATE INDEX backchat_ledger_created ON backchat_ledger (scope, created_at);
    CREATE INDEX backchat_ledger_open ON backchat_ledger (scope, state) WHERE state IN ('sending', 'maybe_sent', 'released');
    CREATE INDEX backchat_ledger_correlation ON backchat_ledger (scope, correlation_id)
        WHERE correlation_id IS NOT NULL;
    CREATE INDEX backchat_ledger_reply ON backchat_ledger (scope, reply_id)
        WHERE reply_id IS NOT NULL;
    CREATE INDEX backchat_ledger_due ON backchat_ledger (scope, due_at, seq)
        WHERE due_at IS NOT NULL;
    CREATE INDEX backchat_ledger_sender ON backchat_ledger (scope, sender_hash, seq)
        WHERE due_at IS NOT NULL;";
const POSTGRES_1: &str = r#"
    CREATE TABLE backchat_schema (version bigint NOT NULL);
    INSERT INTO backchat_schema VALUES (1);
    CREATE TABLE backchat_ledger (
        seq            bigint GENERATED ALWAYS AS IDENTITY,
        scope          text COLLATE "C" NOT NULL,
        message_id     text COLLATE "C" NOT NULL,
        slot           text COLLATE "C" NOT NULL,
        state          text NOT NULL,
        token          bigint NOT NULL,
        lease_until    bigint NOT NULL,
        sender_hash    bytea,
        text_hash      bytea,
        correlation_id text COLLATE "C",
        reply_id       text COLLATE "C",
        code           text,
        delivery       bigint,
        attempts       bigint NOT NULL,
        created_at     bigint NOT NULL,
        updated_at     bigint NOT NULL,
        due_at         bigint,
        event          bytea,
        event_verified bigint
    );
    CREATE INDEX backchat_ledger_created ON backchat_ledger (created_at, scope);
    ALTER TABLE backchat_ledger ADD PRIMARY KEY (message_id, scope, slot);
    CREATE INDEX backchat_ledger_open ON backchat_ledger (scope, state) WHERE state IN ('sending', 'maybe_sent', 'released');
    CREATE INDEX backchat_ledger_correlation ON backchat_ledger (scope, correlation_id)
        WHERE correlation_id IS NOT NULL;
    CREATE INDEX backchat_ledger_reply ON backchat_ledger (scope, reply_id)
        WHERE reply_id IS NOT NULL;
    CREATE INDEX backchat_ledger_due ON backchat_ledger (scope, due_at, seq)
        WHERE due_at IS NOT NULL;
    CREATE INDEX backchat_ledger_sender ON backchat_ledger (scope, sender_hash, seq)
        WHERE due_at IS NOT NULL;"#;

/// State, attempts, when it is due, and the state that it has now.
const ROWS: [(&str, u32, Option<i64>, bool, State); 8] = [
    ("released", 0, Some(1), true, State::Queued),
    ("released", 3, Some(1), true, State::Retrying),
    ("released", 8, None, true, State::GivenUp),
    ("released", 2, None, false, State::Retrying),
    ("sent", 1, None, false, State::Sent),
    ("maybe_sent", 1, None, true, State::MaybeSent),
    ("rejected", 1, None, false, State::Rejected),
    ("skipped", 1, None, false, State::Skipped),
];

/// One row of each kind, first seen now: the ledger must not take them for old.
fn rows() -> String {
    let now = backchat_inbox::core::jiff::Timestamp::now().as_microsecond();
    let row = |(number, (state, attempts, due, event, _)): (
        usize,
        &(&str, u32, Option<i64>, bool, State),
    )| {
        let due = due.map_or("NULL".to_owned(), |due| due.to_string());
        let event = if *event {
            let json = String::from_utf8(hello(u32::try_from(number).unwrap())).unwrap();
            format!("CAST('{json}' AS {{bytes}}), 0")
        } else {
            "NULL, NULL".to_owned()
        };
        format!(
            "INSERT INTO backchat_ledger (scope, message_id, slot, state, token, lease_until, attempts,
                 created_at, updated_at, due_at, event, event_verified)
             VALUES ('default', 'im_{number}', 'reply', '{state}', 1, 1, {attempts}, {at}, {at}, {due},
                 {event});",
            at = now + i64::try_from(number).unwrap(),
        )
    };
    ROWS.iter().enumerate().map(row).collect()
}

async fn is_migrated(url: &str) {
    let ledger = Ledger::open(url).await.unwrap();
    let found: Vec<_> = ledger.list(None, None).await.unwrap();
    let states: Vec<_> = found.iter().map(|record| record.state).collect();
    assert_eq!(states, ROWS.map(|(.., state)| state));
    for (record, (_, attempts, due, event, _)) in found.iter().zip(ROWS) {
        assert_eq!(record.attempts, attempts);
        assert_eq!(record.due_at.is_some(), due.is_some());
        assert_eq!(record.event.is_some(), event);
    }
    let counts = ledger.counts().await.unwrap();
    assert_eq!((counts[&State::Retrying], counts[&State::GivenUp]), (2, 1));
    // A row of version 1 may keep no event: it says so, and is not answered in silence.
    let refused = ledger.rearm(&id(4)).await.unwrap();
    assert!(matches!(refused, Rearmed::Refused(_)));
    let refused = ledger.rearm(&id(6)).await.unwrap();
    assert!(matches!(refused, Rearmed::NoEvent(_)));
    // One that does is answered, and a message of today as well.
    let api = Api::new().await;
    let inbox = api.inbox_at(url).await;
    assert_eq!(inbox.rearm(&id(2)).await.unwrap(), Rearmed::Yes);
    assert_eq!(api.posts()[0]["reply_to"], "im_2");
    assert_eq!(post_to(&inbox, &hello(99)).await.body, "sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let folder = places::Folder::new();
    let file = Connection::open(folder.file()).unwrap();
    file.execute_batch(SQLITE_1).unwrap();
    let rows = rows().replace("{bytes}", "BLOB");
    file.execute_batch(&rows).unwrap();
    drop(file);
    is_migrated(&folder.url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let Some(database) = places::Database::new().await else {
        return;
    };
    database.run(POSTGRES_1).await;
    database.run(&rows().replace("{bytes}", "bytea")).await;
    is_migrated(database.url()).await;
}
