//! HTTP/1.1 on a TCP port, with a hand on each connection: some are to break.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::answer_body::AnswerBody;
use crate::api;
use crate::control::{self, Controls};
use crate::refusal::Refusal;
use crate::route::Route;
use crate::shared::Shared;

/// The longest body of an API call.
pub(crate) const LONGEST_REQUEST: usize = 1024 * 1024;

/// The longest body of a control: a file of 4 MiB in base64, and some room.
const LONGEST_CONTROL: usize = 6 * 1024 * 1024;

/// The connection is to be reset.
#[derive(Debug, thiserror::Error)]
#[error("this reset was asked for")]
pub(crate) struct Reset;

/// Accepts connections until the sandbox is stopped, then ends them.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shared.stopped() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&shared)));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    // Out of file descriptors, most likely: trying at once would only burn time.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = service_fn(move |request| handle(Arc::clone(&shared), request));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let Err(error) = (&mut connection).await else {
        return;
    };
    let cause = std::error::Error::source(&error);
    if !cause.is_some_and(<dyn std::error::Error>::is::<Reset>) {
        tracing::debug!(%error, "a connection ended early");
        return;
    }
    let stream = connection.into_parts().io.into_inner();
    // With this, closing sends RST in place of FIN.
    if let Err(error) = stream.set_zero_linger() {
        tracing::warn!(%error, "a connection was closed and not reset");
    }
}

async fn handle(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Reset> {
    let request_id = shared.state().stamp("req").0;
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let answer = match Route::find(&parts.method, path) {
        Ok(Route::Api(endpoint)) => api::call(&shared, endpoint, &parts.headers, body).await?,
        Ok(Route::Control(route)) => {
            control::http::call(&Controls(shared), route, read(body, LONGEST_CONTROL).await)
                .await
                .into()
        }
        Err(refusal) => refusal.into(),
    };
    tracing::debug!(
        method = %parts.method,
        path,
        status = answer.status().as_u16(),
        code = answer.code(),
        request_id,
        "answered"
    );
    Ok(answer.into_response(&request_id))
}

/// Reads a body of at most `longest` bytes.
pub(crate) async fn read(body: Incoming, longest: usize) -> Result<Bytes, Refusal> {
    match Limited::new(body, longest).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::http(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body has more than {longest} bytes"),
        )),
        Err(error) => Err(Refusal::request(format!(
            "the body cannot be read: {error}"
        ))),
    }
}
