//! Runs the shared statements: each is a transaction by itself, in one round trip.
//!
//! In a session of its own a statement is prepared once, and commits by itself. Through a pooler it is
//! sent as text with the types of its values, between a `BEGIN` with its settings and a `COMMIT`: the
//! three leave together, and nothing of them stays in the session.

use backchat_core::StoreError;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row as Answer};

use super::super::sql::{Executor, Row, Statement, Value};
use super::connection::Connection;
use super::session::{Failed, Session};
use super::{failure, schema};

impl Executor for Session {
    async fn run(
        &mut self,
        statement: Statement,
        mut values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        if !self.callers_clock
            && let Some(now) = values.first_mut()
        {
            *now = Value::Null;
        }
        let first = self.attempt(statement, &values).await;
        let answer = match first {
            // Nothing has run. The session has changed under us: others use it too.
            Err(Failed::Refused(error))
                if error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME) =>
            {
                self.share();
                self.attempt(statement, &values).await
            }
            first => first,
        };
        match answer {
            Ok(rows) => {
                let skipped = usize::from(schema::is_guarded(self.sql(statement)));
                rows.iter().map(|row| read(row, skipped)).collect()
            }
            Err(failed) => Err(self.explain(failed).await),
        }
    }
}

impl Session {
    async fn attempt(
        &mut self,
        statement: Statement,
        values: &[Value],
    ) -> Result<Vec<Answer>, Failed> {
        let reads_all = statement.reads_all();
        if reads_all {
            self.take_longer();
        }
        let shared = self.shared();
        let sql = shared.statements.sql(statement);
        self.within(self.deadline(), async |on| {
            if reads_all {
                return on.transact(&shared.begin_long, sql, values).await;
            }
            if on.own_session {
                return on.query_prepared(statement as usize, sql, values).await;
            }
            on.transact(&shared.begin, &schema::guarded(sql), values)
                .await
        })
        .await
    }

    /// An error that says so when the ledger's version is its reason.
    async fn explain(&mut self, failed: Failed) -> StoreError {
        let of_the_tables = |error: &Error| {
            let class = error.code().map(failure::class);
            class.is_some_and(|class| ["0A", "22", "42"].contains(&class))
        };
        if let Failed::Refused(error) = &failed
            && of_the_tables(error)
            && let Ok(found) = schema::look(self, self.deadline()).await
            && let Some(unknown) = schema::unknown(found)
        {
            return unknown;
        }
        self.words(&failed)
    }
}

impl Connection {
    async fn query_prepared(
        &mut self,
        number: usize,
        sql: &str,
        values: &[Value],
    ) -> Result<Vec<Answer>, Error> {
        let prepared = if let Some(prepared) = self.prepared.get(&number) {
            prepared.clone()
        } else {
            // The time is named even where a statement never asks for it.
            let sql = schema::guarded(sql);
            let prepared = self.client.prepare_typed(&sql, &[Type::INT8]).await?;
            self.prepared.insert(number, prepared.clone());
            prepared
        };
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|v| v as _).collect();
        let answer = self.client.query(&prepared, &values).await;
        if answer.is_err() {
            // Its plan may be of tables that have changed.
            self.prepared.remove(&number);
        }
        answer
    }

    /// One statement in a transaction, in one round trip.
    pub(super) async fn transact(
        &self,
        begin: &str,
        sql: &str,
        values: &[Value],
    ) -> Result<Vec<Answer>, Error> {
        let typed: Vec<_> = values
            .iter()
            .enumerate()
            .map(|(n, value)| (value as &(dyn ToSql + Sync), wire_type(n, value)))
            .collect();
        // Sent in this order, before the first is answered. After an error the COMMIT rolls back.
        let (started, answer, committed) = tokio::join!(
            biased;
            self.client.batch_execute(begin),
            self.client.query_typed(sql, &typed),
            self.client.batch_execute("COMMIT"),
        );
        started?;
        let answer = answer?;
        committed?;
        Ok(answer)
    }
}

/// The first value is the time, also where it is left to the server.
fn wire_type(n: usize, value: &Value) -> Type {
    match value {
        Value::Integer(_) => Type::INT8,
        Value::Null if n == 0 => Type::INT8,
        Value::Text(_) => Type::TEXT,
        Value::Bytes(_) => Type::BYTEA,
        Value::Null => Type::UNKNOWN,
    }
}

fn read(row: &Answer, skipped: usize) -> Result<Row, StoreError> {
    let values: Result<_, _> = (skipped..row.len()).map(|n| row.try_get(n)).collect();
    let unreadable = |_| StoreError::new("Postgres: a column of the ledger has another type");
    values.map(Row::new).map_err(unreadable)
}
