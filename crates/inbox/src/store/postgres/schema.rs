//! The tables, and how an older ledger becomes a newer one.

use backchat_core::{Error, StoreError};

use super::super::sql::{OPEN, OPEN_1, RENAME_RELEASED};
use super::session::Session;

/// Version 1: the ledger. The ids compare byte for byte, as elsewhere.
///
/// Mostly all rows are of one scope, but a planner without statistics takes `scope = …` for as good
/// as the whole key. Then it looks for a message among all rows of its scope, and a session keeps
/// such a plan while the table grows. So the key and the index of times, which hold every row, do
/// not begin with the scope; and because the newest of several indexes that look equal is taken,
/// each comes before those that are better than it where both would do.
const VERSION_1: &str = r#"
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
    CREATE INDEX backchat_ledger_open ON backchat_ledger (scope, state) WHERE {open_1};
    CREATE INDEX backchat_ledger_correlation ON backchat_ledger (scope, correlation_id)
        WHERE correlation_id IS NOT NULL;
    CREATE INDEX backchat_ledger_reply ON backchat_ledger (scope, reply_id)
        WHERE reply_id IS NOT NULL;
    CREATE INDEX backchat_ledger_due ON backchat_ledger (scope, due_at, seq)
        WHERE due_at IS NOT NULL;
    CREATE INDEX backchat_ledger_sender ON backchat_ledger (scope, sender_hash, seq)
        WHERE due_at IS NOT NULL;
"#;

/// Version 2: `released` became `queued`, `retrying` and `given_up`; the answer that could not be
/// sent; the marks of events that were handled.
const VERSION_2: &str = r#"
    ALTER TABLE backchat_ledger ADD COLUMN answer bytea;
    DROP INDEX backchat_ledger_open;
    {rename_released};
    CREATE INDEX backchat_ledger_open ON backchat_ledger (scope, state) WHERE {open};
    CREATE TABLE backchat_handled (
        scope      text COLLATE "C" NOT NULL,
        event_id   text COLLATE "C" NOT NULL,
        slot       text COLLATE "C" NOT NULL,
        created_at bigint NOT NULL
    );
    CREATE INDEX backchat_handled_created ON backchat_handled (created_at, scope);
    ALTER TABLE backchat_handled ADD PRIMARY KEY (event_id, scope, slot);
"#;

const VERSIONS: &[&str] = &[VERSION_1, VERSION_2];

/// Two processes that start together take turns at this lock. (`backchat`, in ASCII.)
const LOCK: i64 = 0x6261_636b_6368_6174;

/// Brings the database up to date.
pub(super) async fn migrate(session: &mut Session) -> Result<(), Error> {
    // A process that may only read and write rows needs no right to make tables.
    if found(session).await? == VERSIONS.len() {
        return Ok(());
    }
    session
        .batch("BEGIN; SET LOCAL statement_timeout = '1min'")
        .await?;
    let migrated = migrate_locked(session).await;
    let end = if migrated.is_ok() {
        "COMMIT"
    } else {
        "ROLLBACK"
    };
    session.batch(end).await?;
    migrated
}

async fn migrate_locked(session: &mut Session) -> Result<(), Error> {
    let lock = format!("SELECT 1::bigint FROM pg_advisory_xact_lock({LOCK})");
    session.integer(&lock).await?;
    // Not `to_regclass`: what it did not find before the lock it does not look for again.
    session
        .batch("CREATE TABLE IF NOT EXISTS backchat_schema (version bigint NOT NULL)")
        .await?;
    let version = version(session).await?;
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
        let sql = sql
            .replace("{open_1}", OPEN_1)
            .replace("{open}", OPEN)
            .replace("{rename_released}", RENAME_RELEASED);
        session.batch(&sql).await?;
    }
    let now = VERSIONS.len();
    session
        .batch(&format!(
            "DELETE FROM backchat_schema; INSERT INTO backchat_schema VALUES ({now})"
        ))
        .await?;
    Ok(())
}

async fn found(session: &mut Session) -> Result<usize, StoreError> {
    let exists = "SELECT 1::bigint WHERE to_regclass('backchat_schema') IS NOT NULL";
    if session.integer(exists).await?.is_none() {
        return Ok(0);
    }
    version(session).await
}

async fn version(session: &mut Session) -> Result<usize, StoreError> {
    let version = "SELECT coalesce(max(version), 0) FROM backchat_schema";
    let version = session.integer(version).await?.unwrap_or_default();
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}
