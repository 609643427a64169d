//! One session of the pool, for one operation.

use std::sync::Arc;
use std::time::Duration;

use backchat_core::StoreError;
use deadpool_postgres::{Object, Pool, PoolError};
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};

use super::super::sql::{Executor, Row, Statement, Statements, Value};

/// Above the server's own limit: only a network that is gone reaches this.
const QUICK: Duration = Duration::from_secs(3);

/// For what reads every row.
const SLOW: Duration = Duration::from_mins(1);

/// A session. One that did not answer, or that nobody waited for, is not used again.
pub(super) struct Session {
    object: InUse,
    statements: Arc<Statements>,
    callers_clock: bool,
}

impl Session {
    pub(super) async fn open(
        pool: &Pool,
        statements: Arc<Statements>,
        callers_clock: bool,
    ) -> Result<Self, StoreError> {
        let object = pool.get().await.map_err(unreachable)?;
        Ok(Self {
            object: InUse(Some(object)),
            statements,
            callers_clock,
        })
    }

    /// Runs SQL that takes nothing and gives nothing.
    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.within(QUICK, async |object| object.batch_execute(sql).await)
            .await
    }

    /// Runs a query for one integer; `None` without a row.
    pub(super) async fn integer(&mut self, sql: &str) -> Result<Option<i64>, StoreError> {
        let row = self
            .within(SLOW, async |object| object.query_opt(sql, &[]).await)
            .await?;
        row.map(|row| row.try_get(0)).transpose().map_err(failed)
    }

    async fn within<T>(
        &mut self,
        limit: Duration,
        run: impl AsyncFnOnce(&mut Object) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, StoreError> {
        let gone = || StoreError::new("Postgres: the session has ended");
        let mut object = InUse(self.object.0.take());
        let running = run(object.0.as_mut().ok_or_else(gone)?);
        let answer = match timeout(limit, running).await {
            Ok(Ok(answer)) => Ok(answer),
            // The server answered: a ROLLBACK, say, still has to go through this session.
            Ok(Err(error)) if error.as_db_error().is_some() => Err(failed(error)),
            Ok(Err(error)) => return Err(failed(error)),
            Err(_elapsed) => return Err(StoreError::new("Postgres: no answer in time")),
        };
        std::mem::swap(&mut self.object, &mut object);
        answer
    }

    /// Gives the session back after an operation. One that failed, or was left in the middle, is
    /// closed instead: its settings, or a transaction, may still be on.
    pub(super) fn give_back<T, E>(mut self, answer: Result<T, E>) -> Result<T, E> {
        if answer.is_ok() {
            drop(self.object.0.take());
        }
        answer
    }
}

/// A session that is closed when it is dropped.
struct InUse(Option<Object>);

impl Drop for InUse {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

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
        if !statement.reads_all() {
            return self.query(QUICK, statement, &values).await;
        }
        let limit = SLOW.as_millis();
        self.batch(&format!(
            "SET statement_timeout = {limit}; SET enable_seqscan = on"
        ))
        .await?;
        let answer = self.query(SLOW + QUICK, statement, &values).await;
        self.batch("SET statement_timeout = '2s'; SET enable_seqscan = off")
            .await?;
        answer
    }
}

impl Session {
    async fn query(
        &mut self,
        limit: Duration,
        statement: Statement,
        values: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        let statements = Arc::clone(&self.statements);
        let rows = self
            .within(limit, async |object| {
                let sql = statements.sql(statement);
                // The time is named even where a statement never asks for it.
                let prepared = object.prepare_typed_cached(sql, &[Type::INT8]).await?;
                let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|v| v as _).collect();
                object.query(&prepared, &values).await
            })
            .await?;
        rows.iter()
            .map(|row| (0..row.len()).map(|n| row.try_get(n)).collect())
            .map(|values: Result<_, _>| values.map(Row::new).map_err(failed))
            .collect()
    }
}

fn unreachable(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => failed(error),
        other => StoreError::caused_by(format!("Postgres: {other}"), other),
    }
}

/// The server's own sentence, without the detail, which may quote values.
#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn failed(error: tokio_postgres::Error) -> StoreError {
    let words = match error.as_db_error() {
        Some(server) => server.message().to_owned(),
        None => error.to_string(),
    };
    StoreError::new(format!("Postgres: {words}"))
}
