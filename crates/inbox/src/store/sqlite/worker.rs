//! A thread with a session: operations go in, and come out answered. The writer's commit answers all
//! that it held, so that as many messages as are under way share one wait for the disk.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Instant;

use backchat_core::StoreError;
use backchat_core::fork::Working;
use tokio::sync::oneshot;

use super::super::sql::Statements;
use super::executor::Db;
use super::log::Log;
use super::session::Session;

/// How many operations one commit may hold.
const BATCH: usize = 256;

/// Hands operations to its thread, which ends with it.
#[derive(Debug)]
pub(super) struct Worker {
    jobs: Sender<Box<dyn Job>>,
}

/// The moment when what an operation removed is gone from the log as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Erase {
    /// When the log is emptied the next time.
    Later,
    /// Before the operation is answered.
    Now,
}

impl Worker {
    /// The thread that writes.
    pub(super) fn writer(
        session: Arc<Session>,
        statements: Arc<Statements>,
    ) -> Result<Self, StoreError> {
        Self::spawn("backchat-write", move |jobs| {
            let mut log = Log::default();
            loop {
                match next_batch(&jobs, &log) {
                    Ok(batch) => commit(&session, &statements, &mut log, batch),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                log.empty_when_due(&session, Instant::now());
            }
            log.close(&session);
        })
    }

    /// The thread that reads.
    pub(super) fn reader(
        session: Arc<Session>,
        statements: Arc<Statements>,
    ) -> Result<Self, StoreError> {
        Self::spawn("backchat-read", move |jobs| {
            for mut job in jobs {
                let working = Working::begin();
                let ran = session.run(&mut |connection| {
                    job.run(&mut Db {
                        connection,
                        statements: &statements,
                    })
                });
                drop(working);
                job.answer(ran);
            }
            let _working = Working::begin();
            session.close();
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
    pub(super) async fn run<T, Operation>(
        &self,
        erase: Erase,
        operation: Operation,
    ) -> Result<T, StoreError>
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
                erase,
                answer,
            }))
            .map_err(|_| ended())?;
        answered.await.unwrap_or_else(|_| Err(ended()))
    }
}

/// The oldest operation, and all that wait behind it. `Timeout`: the log is to be emptied.
fn next_batch(
    jobs: &Receiver<Box<dyn Job>>,
    log: &Log,
) -> Result<Vec<Box<dyn Job>>, RecvTimeoutError> {
    let first = match log.due_in(Instant::now()) {
        Some(wait) => jobs.recv_timeout(wait)?,
        None => jobs.recv()?,
    };
    let mut batch = vec![first];
    batch.extend(jobs.try_iter().take(BATCH - 1));
    Ok(batch)
}

/// Runs the batch in one transaction: all of it is durable, or none of it counts.
fn commit(session: &Session, statements: &Statements, log: &mut Log, mut batch: Vec<Box<dyn Job>>) {
    let working = Working::begin();
    let done = session.run(&mut |connection| {
        let mut db = Db {
            connection,
            statements,
        };
        batch.iter_mut().try_for_each(|job| job.run(&mut db))
    });
    drop(working);
    if done.is_ok() {
        log.note_commit(Instant::now());
        if batch.iter().any(|job| job.erase() == Erase::Now) {
            log.empty_now(session);
        }
    }
    for job in batch {
        job.answer(done.clone());
    }
}

/// An operation and the caller that waits for it.
trait Job: Send {
    fn run(&mut self, db: &mut Db<'_>) -> Result<(), StoreError>;
    fn erase(&self) -> Erase;
    /// `done`: the operation is durable, or the reason against it.
    fn answer(self: Box<Self>, done: Result<(), StoreError>);
}

struct Waiting<T, Operation> {
    operation: Option<Operation>,
    result: Option<T>,
    erase: Erase,
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

    fn erase(&self) -> Erase {
        self.erase
    }

    fn answer(self: Box<Self>, done: Result<(), StoreError>) {
        let Self { result, answer, .. } = *self;
        let result =
            done.and_then(|()| result.ok_or_else(|| StoreError::new("the operation was not run")));
        let _nobody_waits = answer.send(result);
    }
}
