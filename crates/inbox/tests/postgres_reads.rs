//! However full the ledger is, Postgres reads a few rows for each message: also before it has any
//! statistics, and with plans that were made while the ledger was nearly empty; in sessions of our own,
//! which keep their plans, and through a pooler, where each statement is planned anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod places;

use std::sync::Arc;
use std::time::Duration;

use backchat_inbox::core::jiff::Timestamp;
use backchat_inbox::core::{CorrelationId, DeliveryStatus, InboundMessageId};
use backchat_inbox::store::{
    Claimed, DueQuery, Finished, Gated, NewClaim, NewEvent, NewGate, PostgresStore, Prune,
    Settlement,
};
use backchat_inbox::{Digest, End, Key, Store, StoredEvent, Ticket};

const LEASE: Duration = Duration::from_mins(2);
const MESSAGES: i64 = 300;

/// A message takes some ten statements, and each may meet the versions of its row that no vacuum
/// has removed yet.
const ROWS_PER_MESSAGE: i64 = 30;

/// A ledger whose server neither cleans up nor looks at the table unless it is told to.
async fn ledger(parameters: &str) -> Option<(places::Database, PostgresStore)> {
    let database = places::Database::new().await?;
    // One session, which keeps the plans of its first statements.
    let (url, name) = (database.url(), database.schema());
    let url = format!("{url}&pool_size=1&application_name={name}{parameters}");
    let store = PostgresStore::open(&url).await.unwrap();
    database
        .run("ALTER TABLE backchat_ledger SET (autovacuum_enabled = off)")
        .await;
    Some((database, store))
}

fn key(number: i64) -> Key {
    let id: InboundMessageId = format!("im_{number}").as_str().into();
    Key::new("default", id, "reply")
}

fn sent(number: i64) -> End {
    let reply_id = format!("tx_{number}");
    End::Sent {
        reply_id: Some(reply_id.as_str().into()),
    }
}

/// Passes the gate and records `end`.
async fn answer(store: &PostgresStore, ticket: Ticket, end: End) {
    let now = Timestamp::now();
    let id = ticket.key.message_id.as_str();
    let gate = NewGate {
        ticket: ticket.clone(),
        text: Digest::of("Hello"),
        correlation_id: CorrelationId::parse(&format!("{id}.0")).unwrap(),
        lease: LEASE,
    };
    assert_eq!(store.begin_send(gate, now).await.unwrap(), Gated::Open);
    let finished = store.finish(ticket, end, now).await.unwrap();
    assert_eq!(finished, Finished::Recorded);
}

fn event() -> StoredEvent {
    StoredEvent {
        json: Arc::from(b"{}".as_slice()),
        verified: true,
    }
}

async fn claimed(store: &PostgresStore, number: i64) -> Ticket {
    let claim = NewClaim {
        key: key(number),
        sender: Digest::of(&number.to_string()),
        event: event(),
        lease: LEASE,
    };
    match store.claim(claim, Timestamp::now()).await.unwrap() {
        Claimed::Won(ticket) => ticket,
        lost @ Claimed::Lost(_) => panic!("{lost:?}"),
    }
}

/// A message with all that may come of it: answered, delivered again, and its delivery events; one
/// in three ends as a `maybe_sent`, which an event settles.
async fn inline(store: &PostgresStore, numbers: std::ops::Range<i64>) {
    let now = Timestamp::now();
    for number in numbers {
        let end = if number % 3 == 0 {
            End::MaybeSent
        } else {
            sent(number)
        };
        answer(store, claimed(store, number).await, end).await;
        let again = NewClaim {
            key: key(number),
            sender: Digest::of(&number.to_string()),
            event: event(),
            lease: LEASE,
        };
        let lost = store.claim(again, now).await.unwrap();
        assert!(matches!(lost, Claimed::Lost(_)));
        for delivery in [DeliveryStatus::Created, DeliveryStatus::Delivered] {
            let event = Settlement {
                scope: "default".into(),
                reply_id: format!("tx_{number}").as_str().into(),
                correlation_id: Some(format!("im_{number}.0").as_str().into()),
                delivery,
            };
            assert!(store.settle(event, now).await.unwrap().is_some());
        }
    }
}

async fn enqueue(store: &PostgresStore, number: i64) {
    let event = NewEvent {
        key: key(number),
        sender: Digest::of(&number.to_string()),
        event: event(),
    };
    assert!(store.enqueue(event, Timestamp::now()).await.unwrap());
}

/// The next message of the queue ends in these ways, one after another.
async fn work(store: &PostgresStore, ends: &[End]) {
    for end in ends {
        let query = DueQuery {
            scope: "default".into(),
            slot: "reply".into(),
            limit: 1,
            lease: LEASE,
        };
        let mut due = store.next_due(query, Timestamp::now()).await.unwrap();
        answer(store, due.remove(0).ticket, end.clone()).await;
    }
}

/// The same through the queue; a quarter is tried again.
async fn queued(store: &PostgresStore, numbers: std::ops::Range<i64>) {
    let again = End::NotSent {
        code: None,
        retry_in: Some(Duration::ZERO),
        answer: None,
    };
    for number in numbers {
        enqueue(store, number).await;
        if number % 4 == 0 {
            work(store, &[again.clone(), sent(number)]).await;
        } else {
            work(store, &[sent(number)]).await;
        }
    }
}

/// How many rows and index entries were read for each message of the ledger.
async fn rows_per_message(database: &places::Database, store: PostgresStore) -> i64 {
    drop(store);
    // A session tells its figures when it ends, at the latest.
    let sessions = "SELECT count(*) FROM pg_stat_activity
                    WHERE application_name = current_schema()";
    for _ in 0..100 {
        if database.integer(sessions).await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let read = "
        SELECT (t.seq_tup_read + sum(i.idx_tup_read))::bigint
        FROM pg_stat_user_tables AS t JOIN pg_stat_user_indexes AS i USING (relid)
        WHERE t.schemaname = current_schema() AND t.relname = 'backchat_ledger'
        GROUP BY relid, t.seq_tup_read";
    database.integer(read).await / MESSAGES
}

fn assert_few(rows: i64) {
    assert!(rows > 0, "nothing was counted");
    assert!(rows <= ROWS_PER_MESSAGE, "{rows} rows read per message");
}

/// Sessions of our own, and those of a pooler.
const SESSIONS: [&str; 2] = ["", "&pgbouncer=true"];

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_ledger() {
    for parameters in SESSIONS {
        let Some((database, store)) = ledger(parameters).await else {
            return;
        };
        inline(&store, 0..MESSAGES).await;
        assert_few(rows_per_message(&database, store).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_queue() {
    for parameters in SESSIONS {
        let Some((database, store)) = ledger(parameters).await else {
            return;
        };
        queued(&store, 0..MESSAGES).await;
        assert_few(rows_per_message(&database, store).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue() {
    for parameters in SESSIONS {
        let Some((database, store)) = ledger(parameters).await else {
            return;
        };
        for number in 0..MESSAGES {
            enqueue(&store, number).await;
        }
        for number in 0..MESSAGES {
            work(&store, &[sent(number)]).await;
        }
        assert_few(rows_per_message(&database, store).await);
    }
}

/// Statistics of a table of a page or two say that all ways are equal, or reading it is the cheapest.
#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_small_when_it_was_analysed() {
    for parameters in SESSIONS {
        // Plans that are not kept do not meet another table than they were made for.
        let smalls: &[i64] = if parameters.is_empty() {
            &[0, 1, 20]
        } else {
            &[1]
        };
        for &small in smalls {
            let Some((database, store)) = ledger(parameters).await else {
                return;
            };
            inline(&store, 0..small / 2).await;
            queued(&store, small / 2..small).await;
            database.run("VACUUM ANALYZE backchat_ledger").await;
            inline(&store, small..150).await;
            queued(&store, 150..MESSAGES).await;
            assert_few(rows_per_message(&database, store).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cleaning_up() {
    for parameters in SESSIONS {
        let Some((database, store)) = ledger(parameters).await else {
            return;
        };
        inline(&store, 0..MESSAGES).await;
        database
            .run("UPDATE backchat_ledger SET created_at = created_at - 40 * 86400000000")
            .await;
        loop {
            let prune = Prune {
                at_most: Timestamp::MAX,
                scope: "default".into(),
                retention: Duration::from_hours(30 * 24),
                abandoned: Duration::from_hours(15 * 24),
                limit: 1,
            };
            let pruned = store.prune(prune, Timestamp::now()).await.unwrap();
            if pruned.changed == 0 {
                break;
            }
        }
        assert_few(rows_per_message(&database, store).await);
    }
}
