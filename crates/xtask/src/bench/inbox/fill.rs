//! Many rows at once, by the stores' own SQL, and all written out, so that the next measurement does
//! not pay for it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Done;

/// Adds `count` finished rows that are `age` old.
pub(super) fn rows(store: &str, name: &str, count: u32, age: Duration) -> Done {
    let moment = (SystemTime::now() - age).duration_since(UNIX_EPOCH)?;
    if let Some(file) = store.strip_prefix("sqlite:") {
        let connection = rusqlite::Connection::open(file)?;
        connection.execute_batch(&format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             INSERT INTO backchat_ledger (scope, message_id, slot, state, token, lease_until,
                 sender_hash, correlation_id, reply_id, attempts, created_at, updated_at)
             SELECT 'default', 'im_{name}' || i, 'reply', 'sent', 1, {at}, randomblob(32),
                 'im_{name}' || i || '.0', 'tx_{name}' || i, 1, {at}, {at} FROM n;
             PRAGMA wal_checkpoint(TRUNCATE);",
            at = moment.as_micros(),
        ))?;
        return Ok(());
    }
    sql(
        store,
        &format!(
            "INSERT INTO backchat_ledger (scope, message_id, slot, state, token, lease_until,
             sender_hash, correlation_id, reply_id, attempts, created_at, updated_at)
         SELECT 'default', 'im_{name}' || i, 'reply', 'sent', 1, {at},
             sha256(i::text::bytea), 'im_{name}' || i || '.0', 'tx_{name}' || i, 1,
             {at}, {at} FROM generate_series(1, {count}) AS i",
            at = moment.as_micros(),
        ),
    )?;
    sql(store, "VACUUM ANALYZE backchat_ledger")?;
    sql(store, "CHECKPOINT")
}

pub(super) fn create_database(url: &str, name: &str) -> Done {
    sql(url, &format!("CREATE DATABASE {name}"))
}

fn sql(url: &str, statement: &str) -> Done {
    tokio::runtime::Runtime::new()?.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        let driven = tokio::spawn(connection);
        client.batch_execute(statement).await?;
        drop(client);
        driven.await??;
        Ok(())
    })
}
