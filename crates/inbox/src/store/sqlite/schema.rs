//! The tables, and how an older file becomes a newer one.

use std::fmt::Write as _;

use backchat_core::{Error, StoreError};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::super::sql::render;
use super::connection::failed;

/// Version 1: the ledger.
const VERSION_1: &str = "
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
    CREATE INDEX backchat_ledger_open ON backchat_ledger (scope, state) WHERE {open_1};
    CREATE INDEX backchat_ledger_correlation ON backchat_ledger (scope, correlation_id)
        WHERE correlation_id IS NOT NULL;
    CREATE INDEX backchat_ledger_reply ON backchat_ledger (scope, reply_id)
        WHERE reply_id IS NOT NULL;
    CREATE INDEX backchat_ledger_due ON backchat_ledger (scope, due_at, seq)
        WHERE due_at IS NOT NULL;
    CREATE INDEX backchat_ledger_sender ON backchat_ledger (scope, sender_hash, seq)
        WHERE due_at IS NOT NULL;";

/// Version 2: `released` became `queued`, `retrying` and `given_up`; the answer that could not be
/// sent; the marks of events that were handled.
const VERSION_2: &str = "
    ALTER TABLE backchat_ledger ADD COLUMN answer BLOB;
    DROP INDEX backchat_ledger_open;
    {rename_released};
    CREATE INDEX backchat_ledger_open ON backchat_ledger (scope, state) WHERE {open};
    CREATE TABLE backchat_handled (
        scope      TEXT NOT NULL,
        event_id   TEXT NOT NULL,
        slot       TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (scope, event_id, slot)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX backchat_handled_created ON backchat_handled (scope, created_at);";

const VERSIONS: &[&str] = &[VERSION_1, VERSION_2];

/// The statements that make the tables, or bring them from version `from` up to date.
pub(in crate::store) fn ddl(from: usize) -> Option<String> {
    let mut sql = String::from("BEGIN IMMEDIATE;\n");
    if from == 0 {
        sql.push_str("CREATE TABLE backchat_schema (version INTEGER NOT NULL) STRICT;\n");
    }
    for missing in VERSIONS.get(from..)? {
        sql.push_str(&render(missing));
    }
    let known = VERSIONS.len();
    sql.push_str("\nDELETE FROM backchat_schema;\n");
    let _infallible = writeln!(
        sql,
        "INSERT INTO backchat_schema VALUES ({known});\nCOMMIT;"
    );
    Some(sql)
}

/// Brings the file up to date. Two processes that start together take turns.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Error> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let version = version(&transaction)?;
    let Some(missing) = VERSIONS.get(version..) else {
        return Err(Error::configuration(
            "store",
            format!(
                "this ledger is of version {version}, made by a newer Backchat; this one knows up to {}",
                VERSIONS.len()
            ),
        ));
    };
    for sql in missing {
        transaction.execute_batch(&render(sql)).map_err(failed)?;
    }
    stamp(&transaction)?;
    if !missing.is_empty() {
        let now = i64::try_from(VERSIONS.len()).unwrap_or(i64::MAX);
        transaction
            .execute("DELETE FROM backchat_schema", [])
            .and_then(|_| transaction.execute("INSERT INTO backchat_schema VALUES (?1)", [now]))
            .map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    Ok(())
}

fn version(transaction: &Transaction<'_>) -> Result<usize, StoreError> {
    transaction
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS backchat_schema (version INTEGER NOT NULL) STRICT",
        )
        .and_then(|()| {
            transaction.query_row(
                "SELECT coalesce(max(version), 0) FROM backchat_schema",
                [],
                |row| row.get::<_, i64>(0),
            )
        })
        .map(|version| usize::try_from(version).unwrap_or(usize::MAX))
        .map_err(failed)
}

/// Notes the version in the file's header too, where [`check`] finds it without a search.
fn stamp(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    if stamped(transaction)? == known() {
        return Ok(());
    }
    transaction
        .pragma_update(None, "user_version", known())
        .map_err(failed)
}

/// Checks that the tables are still those that this process knows: another may have brought them
/// up to date since. Asked within each transaction.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    let (found, known) = (stamped(connection)?, known());
    if found == known {
        return Ok(());
    }
    let age = if found > known { "newer" } else { "older" };
    Err(StoreError::new(format!(
        "this ledger is of version {found}, made by a {age} Backchat, and this process knows version \
         {known}: start it again, with the newer Backchat"
    )))
}

fn stamped(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .prepare_cached("PRAGMA user_version")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(failed)
}

fn known() -> i64 {
    i64::try_from(VERSIONS.len()).unwrap_or(i64::MAX)
}
