//! Who makes the tables in Postgres, and what a process does whose ledger is of another version.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::time::Duration;

use backchat_inbox::store::schema;
use backchat_inbox::{Ledger, Pruned, State};
use backchat_tests::inbox::bot::Bot;
use backchat_tests::inbox::database::Database;

const TABLES: &str = "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ')
    FROM pg_tables WHERE schemaname = current_schema() AND tablename LIKE 'backchat%'";

async fn error_of(url: &str, code: &str) -> String {
    let error = Ledger::open(url).await.unwrap_err();
    assert_eq!(error.code().as_str(), code);
    error.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_the_right_to_make_tables() {
    let Some(database) = Database::new().await else {
        return;
    };
    let schema_name = database.schema();
    let role = database.role("").await;
    for pooled in ["", "&pgbouncer=true"] {
        let url = database.url_of(&role, pooled);
        // Not even that it is there.
        let error = error_of(&url, "store_unavailable").await;
        assert!(
            error.contains(&format!("CREATE ON SCHEMA name TO \"{role}\"")),
            "{error}"
        );
    }
    database
        .run(&format!("GRANT USAGE ON SCHEMA {schema_name} TO {role}"))
        .await;
    for pooled in ["", "&pgbouncer=true"] {
        let error = error_of(&database.url_of(&role, pooled), "store_unavailable").await;
        let grant = format!("`GRANT CREATE ON SCHEMA \"{schema_name}\" TO \"{role}\"`");
        assert!(error.contains(&grant), "{error}");
        assert!(
            error.contains("`backchat inbox schema --store URL`"),
            "{error}"
        );
        assert!(error.contains(database.address()), "{error}");
    }
    // The first of the two ways.
    database
        .run(&format!("GRANT CREATE ON SCHEMA {schema_name} TO {role}"))
        .await;
    Ledger::open(&database.url_of(&role, "")).await.unwrap();
}

/// The other way: the owner runs the statements, and the role may read and write rows, no more.
#[tokio::test(flavor = "multi_thread")]
async fn tables_that_their_owner_has_made() {
    let Some(database) = Database::new().await else {
        return;
    };
    let (schema_name, role) = (database.schema(), database.role("").await);
    database
        .run(&format!("GRANT USAGE ON SCHEMA {schema_name} TO {role}"))
        .await;
    let ddl = schema(&database.url(""), 0).unwrap();
    assert!(ddl.contains(schema_name), "{ddl}");
    database.run(&ddl).await;
    let error = error_of(&database.url_of(&role, ""), "store_unavailable").await;
    assert!(
        error.contains("needs SELECT, INSERT, UPDATE and DELETE"),
        "{error}"
    );
    // The statement that is printed with them.
    let (_, grant) = ddl.rsplit_once("-- GRANT ").unwrap();
    let grant = format!(
        "GRANT {}",
        grant.trim().replace(" TO role", &format!(" TO {role}"))
    );
    database.run(&grant).await;
    for pooled in ["", "&pgbouncer=true"] {
        let bot = Bot::open(&database.url_of(&role, pooled)).await.unwrap();
        let first = if pooled.is_empty() { 0 } else { 10 };
        for number in first..first + 3 {
            assert_eq!(
                bot.receive(number).await.status,
                200,
                "{:?}",
                bot.failures()
            );
            assert_eq!(bot.posts(number), 1);
        }
        let ledger = bot.inbox.ledger();
        assert!(ledger.counts().await.unwrap()[&State::Sent] >= 3);
        assert_eq!(
            ledger.prune(Duration::from_hours(24 * 30)).await.unwrap(),
            Pruned::default()
        );
    }
    // The same tables as those that a process makes by itself.
    let other = Database::new().await.unwrap();
    drop(Ledger::open(&other.url("")).await.unwrap());
    let columns = "SELECT concat_ws(' ', table_name, column_name, data_type, collation_name,
            is_nullable, column_default)
        FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1";
    let indexes = "SELECT replace(indexdef, current_schema(), '') FROM pg_indexes
        WHERE schemaname = current_schema() ORDER BY 1";
    for sql in [columns, indexes, "SELECT version FROM backchat_schema"] {
        let theirs = database.texts(sql).await;
        assert!(!theirs.is_empty());
        assert_eq!(theirs, other.texts(sql).await);
    }
    assert_eq!(database.texts(TABLES).await.len(), 1);
}

#[test]
fn statements_are_printed_without_a_connection() {
    let nowhere = "postgres://u:p@127.0.0.1:1/d";
    let ddl = schema(nowhere, 0).unwrap();
    assert!(ddl.contains("CREATE TABLE backchat_ledger"), "{ddl}");
    assert!(!ddl.contains('{'), "{ddl}");
    assert!(
        schema("sqlite:/no/such/folder/inbox.db", 0)
            .unwrap()
            .contains("backchat_ledger")
    );
    for (url, from) in [
        ("memory:", 0),
        (nowhere, 1000),
        ("sqlite:inbox.db", 1000),
        ("x", 0),
    ] {
        let error = schema(url, from).unwrap_err();
        assert_eq!(error.code().as_str(), "configuration", "{url}");
    }
}

/// What a Backchat of version 1 has made.
const VERSION_1: &str = include_str!("fixtures/postgres_version_1.sql");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_of_version_1_is_brought_up_to_date() {
    for opened_later in [false, true] {
        let Some(database) = Database::new().await else {
            return;
        };
        database.run(VERSION_1).await;
        let url = database.url("");
        let bot = if opened_later {
            Bot::later(&url).await.unwrap()
        } else {
            Bot::open(&url).await.unwrap()
        };
        // While one session brings it up to date, others say so.
        let statuses = bot.crowd(0..8).await;
        assert!(
            statuses.iter().all(|status| [200, 503].contains(status)),
            "{statuses:?}"
        );
        for number in 0..8 {
            bot.until_done(number, Duration::from_secs(20)).await;
            assert_eq!(bot.posts(number), 1, "message {number}");
        }
    }
}

/// Another process brings the ledger to a version that this one does not know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_process_notices_a_newer_version() {
    for pooled in ["", "&pgbouncer=true"] {
        let Some(database) = Database::new().await else {
            return;
        };
        let url = database.url(pooled);
        let bot = Bot::open(&url).await.unwrap();
        assert_eq!(bot.receive(1).await.status, 200);
        database
            .run("UPDATE backchat_schema SET version = 99")
            .await;
        assert_eq!(bot.receive(2).await.status, 503);
        let said = bot.failures().pop().unwrap();
        assert!(
            said.contains("version 99, made by a newer Backchat; this one knows up to"),
            "{said}"
        );
        assert_eq!(bot.posts(2), 0);
        let rows = database
            .integer("SELECT count(*) FROM backchat_ledger")
            .await;
        assert_eq!(rows, 1, "a row of the older version");
        let opening = error_of(&url, "configuration").await;
        assert!(
            opening.contains("version 99, made by a newer Backchat"),
            "{opening}"
        );
    }
}

/// No statement of the older version slips in beside the change, and neither waits for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_beside_traffic() {
    for pooled in ["", "&pgbouncer=true"] {
        let Some(database) = Database::new().await else {
            return;
        };
        let bot = Bot::open(&database.url(&format!("&pool_size=8{pooled}")))
            .await
            .unwrap();
        let client = database.connect().await;
        let change = async {
            bot.api.wait_for(20, Duration::from_secs(20)).await;
            client
                .batch_execute(
                    "BEGIN;
                     LOCK TABLE backchat_ledger, backchat_schema IN ACCESS EXCLUSIVE MODE;
                     CREATE TABLE before AS SELECT * FROM backchat_ledger;
                     UPDATE backchat_schema SET version = 99;
                     COMMIT",
                )
                .await
                .unwrap();
        };
        let waves = async {
            let mut statuses = Vec::new();
            for wave in 0..25 {
                statuses.extend(bot.crowd(8 * wave..8 * (wave + 1)).await);
            }
            statuses
        };
        let (statuses, ()) = tokio::join!(waves, change);
        assert!(
            statuses.contains(&200) && statuses.contains(&503),
            "{statuses:?}"
        );
        let changed = "SELECT count(*) FROM (TABLE backchat_ledger EXCEPT TABLE before) AS l";
        assert_eq!(database.integer(changed).await, 0);
        let failures = bot.failures();
        let deadlocks = failures.iter().filter(|said| said.contains("deadlock"));
        assert_eq!(deadlocks.count(), 0, "{failures:?}");
    }
}

/// Without its tables a ledger has forgotten what it answered: they are not made anew by the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_vanish_are_not_made_again() {
    for pooled in ["", "&pgbouncer=true"] {
        let Some(database) = Database::new().await else {
            return;
        };
        let bot = Bot::open(&database.url(pooled)).await.unwrap();
        assert_eq!(bot.receive(1).await.status, 200);
        let tables = database.texts(TABLES).await.remove(0);
        database.run(&format!("DROP TABLE {tables}")).await;
        assert_eq!(bot.receive(1).await.status, 503);
        let said = bot.failures().pop().unwrap();
        assert!(
            said.contains("the tables of this ledger are gone"),
            "{said}"
        );
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(bot.receive(1).await.status, 503);
        assert_eq!(bot.posts(1), 1);
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()";
        assert_eq!(database.integer(tables).await, 0);
    }
}
