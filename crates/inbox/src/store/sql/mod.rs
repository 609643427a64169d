//! What SQLite and Postgres share: the statements, the rows, and the operations made of them.

mod operations;
mod row;
mod statement;
mod value;

pub(super) use operations::{
    backlog, begin_send, claim, counts, enqueue, find_sender, finish, forget, get, is_handled,
    list, mark_handled, next_due, oldest_maybe_sent, prune, rearm, settle,
};
pub(super) use statement::{Dialect, Statement, Statements, render};
pub(super) use value::{Row, Value};

use backchat_core::StoreError;

/// Runs one statement after another; whether in one transaction is the store's choice, for each
/// statement is one step of the machine by itself.
pub(super) trait Executor {
    /// Runs one statement.
    fn run(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;
}
