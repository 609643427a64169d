//! Who asked: a value that goes with a request to the handlers that it runs.
//!
//! For other languages: a handler runs where its request is, on the thread that waits for
//! [`Inbox::receive`](crate::Inbox::receive) or in its event loop, with all that lives there.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;

type Caller = Arc<dyn Any + Send + Sync>;

tokio::task_local! {
    static CALLER: Caller;
}

/// Runs `future`, mostly one of [`Inbox::receive`](crate::Inbox::receive) or
/// [`Inbox::run`](crate::Inbox::run), for `caller`: every handler that it starts finds it with
/// [`current`].
pub async fn with<T: Any + Send + Sync, F: Future>(caller: Arc<T>, future: F) -> F::Output {
    CALLER.scope(caller, future).await
}

/// Who asked for what this task does, if it is a `T`.
pub fn current<T: Any + Send + Sync>() -> Option<Arc<T>> {
    any()?.downcast().ok()
}

/// `future`, as a task of its own, for the caller of this one.
pub(crate) fn inherit<F: Future + Send>(future: F) -> impl Future<Output = F::Output> + Send {
    let caller = any();
    async move {
        match caller {
            Some(caller) => CALLER.scope(caller, future).await,
            None => future.await,
        }
    }
}

fn any() -> Option<Caller> {
    CALLER.try_with(Arc::clone).ok()
}
