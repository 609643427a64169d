//! A call of the core, ended in the mailbox.

use std::future::Future;
use std::sync::Arc;

use backchat_core::{Call, Error, runtime};
use serde::Serialize;

use crate::error::to_json;
use crate::mailbox::Inner;
use crate::options::CallOptions;

/// Starts `call` under the number that JavaScript gave it; `shown` is what JavaScript gets to see of
/// its answer.
pub(crate) fn start<T, S>(
    mailbox: &Arc<Inner>,
    number: u32,
    call: Result<Call<T>, Error>,
    options: Option<CallOptions>,
    shown: impl FnOnce(T) -> S + Send + 'static,
) where
    T: Send + 'static,
    S: Serialize + 'static,
{
    let call = call.and_then(|call| match options {
        Some(options) => options.apply(call),
        None => Ok(call),
    });
    match call {
        Ok(call) => {
            let pending = call.start_shared();
            mailbox.began(number, pending.canceller());
            later(mailbox, number, async move {
                pending.await.map(|answer| to_json(&shown(answer)))
            });
        }
        Err(error) => mailbox.settle(number, Err(error)),
    }
}

/// Runs `work`, which ends in JSON, on the shared runtime, and ends the call with it.
pub(crate) fn later(
    mailbox: &Arc<Inner>,
    number: u32,
    work: impl Future<Output = Result<String, Error>> + Send + 'static,
) {
    let ended = Arc::clone(mailbox);
    let started = runtime::spawn(async move { ended.settle(number, work.await) });
    if let Err(error) = started {
        mailbox.settle(number, Err(error));
    }
}
