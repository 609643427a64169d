//! What the core's threads have to tell JavaScript, on its way to the event loop.
//!
//! Each environment (the main thread, each worker) has one mailbox. It is a JSON array that grows
//! until JavaScript takes it: the first letter wakes the event loop, later ones only join it. So
//! many ends of calls cost one wake-up, and one call into JavaScript.
//!
//! A letter is four elements: what it is, whose it is (a number that JavaScript gave), the number of
//! a question, and JSON.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backchat_core::{Canceller, Error, runtime};
use backchat_inbox::HandlerContext;
use napi::bindgen_prelude::{Buffer, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Result, Status};
use napi_derive::napi;
use tokio::sync::oneshot;

use crate::{error, stderr};

/// Limits the wait, at the end of the process, for whoever reads stderr.
const LONGEST_FLUSH: Duration = Duration::from_millis(500);

/// What a letter is: JavaScript reads the numbers from here.
#[napi]
#[derive(Clone, Copy)]
pub enum Kind {
    /// A call has ended well: its answer.
    Resolved,
    /// A call has failed: its error.
    Rejected,
    /// A client asks for its token.
    Token,
    /// A call asks the application to handle an event.
    Handle,
    /// A client tells about an attempt.
    Log,
    /// A call tells the application that something went wrong.
    Failure,
    /// The answer to a question of [`Kind::Handle`] is not wanted any more: whether its time is over.
    Unwanted,
}

/// An answer of JavaScript: JSON, or nothing when its function threw.
type Answer = Option<String>;

/// Wakes the event loop; it does not keep it alive (calls do, in `lib/mailbox.js`).
type Bell = ThreadsafeFunction<(), (), String, Status, false, true>;

pub(crate) struct Inner {
    bell: Bell,
    letters: Arc<Mutex<String>>,
    calls: Mutex<HashMap<u32, Canceller>>,
    questions: Mutex<HashMap<u32, Question>>,
    next_question: AtomicU32,
    /// The files that calls have fetched.
    files: Mutex<HashMap<u32, Vec<u8>>>,
}

/// What JavaScript was asked, until it has answered.
struct Question {
    asker: oneshot::Sender<Answer>,
    /// Until then the run of its handler goes on, also when nobody waits for it any more.
    run: Option<HandlerContext>,
}

/// The mailbox of one environment.
#[napi]
pub struct Mailbox {
    pub(crate) inner: Arc<Inner>,
}

#[napi]
impl Mailbox {
    /// `deliver` gets the letters as the text of a JSON array.
    #[napi(constructor)]
    pub fn new(deliver: Function<'_, String, ()>) -> Result<Self> {
        let letters = Arc::new(Mutex::new(String::new()));
        let taken = Arc::clone(&letters);
        let bell = deliver
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .callee_handled::<false>()
            .build_callback(move |_| {
                let mut letters = std::mem::take(&mut *locked(&taken));
                letters.push(if letters.is_empty() { '[' } else { ' ' });
                letters.push(']');
                Ok(letters)
            })?;
        Ok(Self {
            inner: Arc::new(Inner {
                bell,
                letters,
                calls: Mutex::default(),
                questions: Mutex::default(),
                next_question: AtomicU32::new(1),
                files: Mutex::default(),
            }),
        })
    }

    /// Answers a question; without an answer the function that was asked has thrown.
    #[napi]
    pub fn answer(&self, question: u32, answer: Option<String>) {
        let asked = locked(&self.inner.questions).remove(&question);
        if let Some(Question { asker, run }) = asked {
            drop(run);
            // Whoever asked may have gone on without an answer.
            let _gone = asker.send(answer);
        }
    }

    /// The file that a call has fetched.
    #[napi]
    pub fn file(&self, call: u32) -> Option<Buffer> {
        locked(&self.inner.files).remove(&call).map(Buffer::from)
    }

    /// Cancels a call: a POST that had not begun never leaves.
    #[napi]
    pub fn cancel(&self, call: u32) {
        if let Some(canceller) = locked(&self.inner.calls).remove(&call) {
            canceller.cancel();
        }
    }

    /// The process ends: lets POSTs that have begun end, for so many milliseconds at most, and then
    /// the lines for stderr be written.
    #[napi]
    pub fn exit(&self, limit: u32) {
        self.inner.close();
        let limit = Duration::from_millis(limit.into());
        runtime::drain(limit);
        stderr::flush(limit.min(LONGEST_FLUSH));
    }
}

/// The environment has ended, or JavaScript has let go of the package.
impl Drop for Mailbox {
    fn drop(&mut self) {
        self.inner.close();
    }
}

impl Inner {
    pub(crate) fn post(&self, kind: Kind, whose: u32, question: u32, json: &str) -> Status {
        let mut letters = locked(&self.letters);
        let first = letters.is_empty();
        let mark = if first { '[' } else { ',' };
        // Writing to a string cannot fail.
        let _ok = write!(letters, "{mark}{},{whose},{question},{json}", kind as u8);
        drop(letters);
        if first {
            self.bell.call((), ThreadsafeFunctionCallMode::NonBlocking)
        } else {
            Status::Ok
        }
    }

    /// Ends a call.
    pub(crate) fn settle(&self, call: u32, end: std::result::Result<String, Error>) {
        locked(&self.calls).remove(&call);
        match end {
            Ok(json) => self.post(Kind::Resolved, call, 0, &json),
            Err(error) => self.post(Kind::Rejected, call, 0, &error::json(&error)),
        };
    }

    /// From now on [`Mailbox::cancel`] reaches this call.
    pub(crate) fn began(&self, call: u32, canceller: Canceller) {
        locked(&self.calls).insert(call, canceller);
    }

    /// Asks JavaScript. `Err`: its function threw, or there is nobody to ask any more; the number
    /// is the question's.
    pub(crate) async fn ask(
        &self,
        kind: Kind,
        whose: u32,
        json: &str,
    ) -> std::result::Result<String, u32> {
        let (question, receiver) = self.put(kind, whose, None, json);
        answer(question, receiver.await)
    }

    /// Asks JavaScript to handle an event, for `run`. When this future is dropped JavaScript is told
    /// that its answer is not wanted any more; the run goes on until there is one.
    pub(crate) async fn ask_to_handle(
        &self,
        call: u32,
        run: HandlerContext,
        json: &str,
    ) -> std::result::Result<String, u32> {
        let (question, receiver) = self.put(Kind::Handle, call, Some(run.clone()), json);
        let mut waiting = Waiting {
            mailbox: self,
            call,
            question,
            run: Some(run),
        };
        let answered = receiver.await;
        waiting.run = None;
        answer(question, answered)
    }

    fn put(
        &self,
        kind: Kind,
        whose: u32,
        run: Option<HandlerContext>,
        json: &str,
    ) -> (u32, oneshot::Receiver<Answer>) {
        let question = self.next_question.fetch_add(1, Ordering::Relaxed);
        let (asker, receiver) = oneshot::channel();
        locked(&self.questions).insert(question, Question { asker, run });
        if self.post(kind, whose, question, json) != Status::Ok {
            locked(&self.questions).remove(&question);
        }
        (question, receiver)
    }

    /// Keeps the file that `call` has fetched until JavaScript takes it.
    pub(crate) fn keep(&self, call: u32, file: Vec<u8>) {
        locked(&self.files).insert(call, file);
    }

    /// Nobody answers any more, and nothing that has not begun will begin.
    fn close(&self) {
        locked(&self.questions).clear();
        for (_, canceller) in locked(&self.calls).drain() {
            canceller.cancel();
        }
    }
}

/// A handler is under way; without an answer, at the end of the wait, it is told so.
struct Waiting<'a> {
    mailbox: &'a Inner,
    call: u32,
    question: u32,
    run: Option<HandlerContext>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(run) = &self.run {
            let over = if run.remaining().is_zero() {
                "true"
            } else {
                "false"
            };
            self.mailbox
                .post(Kind::Unwanted, self.call, self.question, over);
        }
    }
}

fn answer(
    question: u32,
    answered: std::result::Result<Answer, oneshot::error::RecvError>,
) -> std::result::Result<String, u32> {
    answered.ok().flatten().ok_or(question)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
