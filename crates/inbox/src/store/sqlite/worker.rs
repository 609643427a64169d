//! A thread with a connection: operations go in, and come out answered. The writer's commit answers
//! all that it held, so that as many messages as are under way share one wait for the disk.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use backchat_core::StoreError;
use backchat_core::fork::Working;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::super::sql::Statements;
use super::connection::failed;
use super::executor::Db;
use super::file::Identity;

/// How many operations one commit may hold.
const BATCH: usize = 256;

/// Hands operations to its thread, which ends with it.
#[derive(Debug)]
pub(super) struct Worker {
    jobs: Sender<Box<dyn Job>>,
}

impl Worker {
    /// The thread that writes. `file` is what `connection` has open.
    pub(super) fn writer(
        connection: Connection,
        mut file: Identity,
        statements: Arc<Statements>,
    ) -> Result<Self, StoreError> {
        Self::spawn("backchat-write", move |jobs| {
            while let Some(mut batch) = next_batch(&jobs) {
                let working = Working::begin();
                let commit = commit(&connection, &mut file, &statements, &mut batch);
                drop(working);
                for job in batch {
                    job.answer(commit.clone());
                }
            }
        })
    }

    /// The thread that reads.
    pub(super) fn reader(
        connection: Connection,
        statements: Arc<Statements>,
    ) -> Result<Self, StoreError> {
        Self::spawn("backchat-read", move |jobs| {
            for mut job in jobs {
                let working = Working::begin();
                let ran = job.run(&mut Db {
                    connection: &connection,
                    statements: &statements,
                });
                drop(working);
                job.answer(ran);
            }
        })
    }

    fn spawn(
        name: &str,
        run: impl FnOnce(Receiver<Box<dyn Job>>) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (jobs, waiting) = channel();
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(waiting))
            .map_err(|e| StoreError::caused_by("no thread for the store", e))?;
        Ok(Self { jobs })
    }

    /// Runs `operation` on the thread. An error means that it counts as not done.
    pub(super) async fn run<T, Operation>(&self, operation: Operation) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Operation: FnOnce(&mut Db<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let ended = || StoreError::new("the store's thread has ended");
        self.jobs
            .send(Box::new(Waiting {
                operation: Some(operation),
                result: None,
                answer,
            }))
            .map_err(|_| ended())?;
        answered.await.unwrap_or_else(|_| Err(ended()))
    }
}

/// The oldest operation, and all that wait behind it; `None` when nobody is left to send any.
fn next_batch(jobs: &Receiver<Box<dyn Job>>) -> Option<Vec<Box<dyn Job>>> {
    let first = jobs.recv().ok()?;
    let mut batch = vec![first];
    batch.extend(jobs.try_iter().take(BATCH - 1));
    Some(batch)
}

/// Runs the batch in one transaction: all of it is durable, or none of it counts.
fn commit(
    connection: &Connection,
    file: &mut Identity,
    statements: &Statements,
    batch: &mut [Box<dyn Job>],
) -> Result<(), StoreError> {
    file.check()?;
    run(connection, "BEGIN IMMEDIATE")?;
    let mut db = Db {
        connection,
        statements,
    };
    let ran = file
        .note_log()
        .and_then(|()| batch.iter_mut().try_for_each(|job| job.run(&mut db)))
        .and_then(|()| run(connection, "COMMIT"));
    // A full disk ends the transaction by itself.
    if ran.is_err() && !connection.is_autocommit() {
        run(connection, "ROLLBACK")?;
    }
    ran
}

fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]))
        .map(drop)
        .map_err(failed)
}

/// An operation and the one who waits for it.
trait Job: Send {
    fn run(&mut self, db: &mut Db<'_>) -> Result<(), StoreError>;
    /// `done`: whether what was run is durable.
    fn answer(self: Box<Self>, done: Result<(), StoreError>);
}

struct Waiting<T, Operation> {
    operation: Option<Operation>,
    result: Option<T>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, Operation> Job for Waiting<T, Operation>
where
    T: Send,
    Operation: FnOnce(&mut Db<'_>) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, db: &mut Db<'_>) -> Result<(), StoreError> {
        // Nobody waits any more: a claim that nobody knows of would only hold its message up.
        if let Some(operation) = self.operation.take()
            && !self.answer.is_closed()
        {
            self.result = Some(operation(db)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, done: Result<(), StoreError>) {
        let Self { result, answer, .. } = *self;
        let result =
            done.and_then(|()| result.ok_or_else(|| StoreError::new("the operation was not run")));
        let _nobody_waits = answer.send(result);
    }
}
