//! Runs the shared statements on a connection.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use backchat_core::StoreError;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql};

use super::super::sql::{Dialect, Executor, Row, Statement, Statements, Value};
use super::connection::failed;

pub(super) const DIALECT: Dialect = Dialect {
    now: "?1",
    parameter: "?",
    skip_locked: "",
};

/// A connection and the statements that it knows.
pub(super) struct Db<'a> {
    pub(super) connection: &'a Connection,
    pub(super) statements: &'a Statements,
}

impl Executor for Db<'_> {
    fn run(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send {
        std::future::ready(self.query(statement, &values).map_err(failed))
    }
}

impl Db<'_> {
    fn query(&self, statement: Statement, values: &[Value]) -> rusqlite::Result<Vec<Row>> {
        let sql = self.statements.sql(statement);
        let mut prepared = self.connection.prepare_cached(sql)?;
        let columns = prepared.column_count();
        // A statement that never asks for the time has no use for the first values' end.
        let wanted = prepared.parameter_count().min(values.len());
        let mut rows = prepared.query(rusqlite::params_from_iter(&values[..wanted]))?;
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            let values: rusqlite::Result<_> =
                (0..columns).map(|n| row.get_ref(n).map(value)).collect();
            answer.push(Row::new(values?));
        }
        Ok(answer)
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(integer) => ValueRef::Integer(*integer),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Text(text) => String::from_utf8_lossy(text).as_ref().into(),
        ValueRef::Blob(bytes) => bytes.into(),
        ValueRef::Null | ValueRef::Real(_) => Value::Null,
    }
}

/// The answer of a future that never waits.
pub(super) fn ready<T>(
    future: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => Err(StoreError::new("an operation on a file waited")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    /// The statements hold the write lock, which every message needs.
    #[test]
    fn no_statement_that_runs_beside_messages_reads_every_row() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let statements = Statements::new(&DIALECT);
        for statement in Statement::all().filter(|statement| !statement.reads_all()) {
            let sql = format!("EXPLAIN QUERY PLAN {}", statements.sql(statement));
            let mut plan = connection.prepare(&sql).unwrap();
            let mut steps = plan.raw_query();
            while let Some(step) = steps.next().unwrap() {
                let step: String = step.get("detail").unwrap();
                // The newest row is found by the index alone, at its end.
                let is_whole = step.starts_with("SCAN backchat")
                    || (step.ends_with("(scope=?)") && !step.contains("COVERING"));
                assert!(!is_whole, "{statement:?}: {step}");
            }
        }
    }
}
