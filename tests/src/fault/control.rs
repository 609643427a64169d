//! The control port: the fault server for programs in other languages, over HTTP and JSON.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /script` | array of steps: those of the next requests, in order | 204 |
//! | `PUT /default` | the step for when the script is empty | 204 |
//! | `POST /reset` | | 204: no script, no counts, the first default |
//! | `GET /counts` | | `{"posts": 1, "connections": 1, "open_connections": 0}` |
//! | `GET /requests` | | array of `{"connection", "method", "path", "headers", "body", "complete"}` |
//! | `POST /tls` | `{"kind": "expired"}` | `{"url": "https://127.0.0.1:1", "ca_pem": "…"}` |
//! | `GET /unreachable` | | `{"refused": url, "black_hole": url, "silent_tls": url}` |
//!
//! The kinds of TLS are `valid`, `expired`, `self_signed`, `wrong_host`, `unknown_authority`,
//! `old_version`, `never_answered`, `closed_in_handshake` and `reset_in_handshake`. They share the
//! script and the counts of the plain server.
//!
//! Every field of a step may be left out; `{}` is a correct 200 of Prelude. A field or a value that
//! is not known is answered with 422. All fields, with the values they have when left out:
//!
//! ```json
//! {
//!   "status": 200, "reason": null, "version": "1.1", "status_line": null, "interim": [],
//!   "flood": null, "headers": [], "content_type": "application/json", "retry_after_date_in_seconds": null,
//!   "body": "prelude", "framing": "content_length",
//!   "pace": {"before_head_ms": 0, "before_body_ms": 0, "head": null, "body": null},
//!   "answer_at": "request", "again": null, "then": "keep_alive", "fault": null
//! }
//! ```
//!
//! | field | other values |
//! |---|---|
//! | `version` | `"1.0"` |
//! | `interim` | `[100, 103]` |
//! | `flood` | `100`: this interim answer until the client goes away |
//! | `headers` | `[["retry-after", "2"]]` |
//! | `body` | `{"text": "…"}`, `{"json": {…}}`, `{"base64": "…"}`, `{"repeat": {"byte": 97, "count": 2000000}}` |
//! | `framing` | `"chunked"`, `"until_close"`, `{"wrong_length": 999}` |
//! | `pace.head`, `pace.body` | `{"bytes": 1, "every_ms": 50}` |
//! | `answer_at` | `"accept"`, `"request_head"` |
//! | `again` | `{"at": {"after_us": 50}, "answer": step}`, `{"at": "next_request", "answer": step}` |
//! | `then` | `"close"`, `{"close_after_ms": 50}`, `{"reset_after_ms": 50}` |
//! | `fault` | `{"reset": point}`, `{"close": point}`, `{"stall": point}` |
//! | point | `"accept"`, `"request_head"`, `"request"`, `"status_line"`, `"headers"`, `"before_body"`, `"body"` |

use std::{io, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use serde::{Deserialize, Serialize};
use tokio::{
    net::{TcpListener, ToSocketAddrs},
    sync::{OnceCell, oneshot},
};

use super::{
    Counts, FaultServer, Received, Step, TlsFault, Unreachable, black_hole, refused_address,
    silent_tls,
};

/// A fault server with a control port. Both stop when this is dropped.
#[derive(Debug)]
pub struct Control {
    url: String,
    fault_url: String,
    _stop: oneshot::Sender<()>,
}

impl Control {
    /// The control port's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of the server that plays the faults.
    pub fn fault_url(&self) -> &str {
        &self.fault_url
    }
}

/// Starts a fault server, and its control port at `listen`.
pub async fn serve(listen: impl ToSocketAddrs) -> io::Result<Control> {
    let listener = TcpListener::bind(listen).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let controlled = Controlled {
        server: FaultServer::start().await?,
        nowhere: OnceCell::new(),
    };
    let fault_url = controlled.server.url().to_owned();
    let router = routes().with_state(Arc::new(controlled));
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        // Nothing is ever sent: dropping the other end is the signal.
        let _ = stopped.await;
    });
    tokio::spawn(serving.into_future());
    Ok(Control {
        url,
        fault_url,
        _stop: stop,
    })
}

struct Controlled {
    server: FaultServer,
    nowhere: OnceCell<Nowhere>,
}

struct Nowhere {
    refused: Unreachable,
    black_hole: Unreachable,
    silent_tls: FaultServer,
}

impl Nowhere {
    async fn new() -> io::Result<Self> {
        Ok(Self {
            refused: refused_address()?,
            black_hole: black_hole().await?,
            silent_tls: silent_tls().await?,
        })
    }
}

type Shared = State<Arc<Controlled>>;

fn routes() -> Router<Arc<Controlled>> {
    Router::new()
        .route("/script", post(script))
        .route("/default", put(set_default))
        .route("/reset", post(reset))
        .route("/counts", get(counts))
        .route("/requests", get(requests))
        .route("/tls", post(tls))
        .route("/unreachable", get(unreachable))
}

async fn script(State(control): Shared, Json(steps): Json<Vec<Step>>) -> StatusCode {
    control.server.script(steps);
    StatusCode::NO_CONTENT
}

async fn set_default(State(control): Shared, Json(step): Json<Step>) -> StatusCode {
    control.server.set_default(step);
    StatusCode::NO_CONTENT
}

async fn reset(State(control): Shared) -> StatusCode {
    control.server.reset();
    StatusCode::NO_CONTENT
}

async fn counts(State(control): Shared) -> Json<Counts> {
    Json(control.server.counts())
}

async fn requests(State(control): Shared) -> Json<Vec<Received>> {
    Json(control.server.requests())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsRequest {
    kind: TlsFault,
}

#[derive(Serialize)]
struct TlsAnswer {
    url: String,
    ca_pem: String,
}

async fn tls(
    State(control): Shared,
    Json(TlsRequest { kind }): Json<TlsRequest>,
) -> Result<Json<TlsAnswer>, Failure> {
    let url = control.server.add_tls(kind).await?;
    let ca_pem = control.server.ca_pem();
    Ok(Json(TlsAnswer { url, ca_pem }))
}

#[derive(Serialize)]
struct UnreachableAnswer {
    refused: String,
    black_hole: String,
    silent_tls: String,
}

async fn unreachable(State(control): Shared) -> Result<Json<UnreachableAnswer>, Failure> {
    let nowhere = control.nowhere.get_or_try_init(Nowhere::new).await?;
    Ok(Json(UnreachableAnswer {
        refused: nowhere.refused.url(),
        black_hole: nowhere.black_hole.url(),
        silent_tls: nowhere.silent_tls.url().to_owned(),
    }))
}

/// The system would not give a socket.
struct Failure(io::Error);

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests;
