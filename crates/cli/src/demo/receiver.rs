//! The application's side: one route that verifies what is posted to it.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use backchat_core::{Event, Webhook};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::in_time;
use crate::exit::Failure;

#[derive(Clone)]
struct App {
    webhook: Webhook,
    events: mpsc::UnboundedSender<Event>,
}

pub(super) struct Receiver {
    url: String,
    events: mpsc::UnboundedReceiver<Event>,
}

impl Receiver {
    pub(super) async fn start(public_key: &str) -> Result<Self, Failure> {
        let (sender, events) = mpsc::unbounded_channel();
        let app = App {
            webhook: Webhook::new(public_key)?,
            events: sender,
        };
        let routes = Router::new()
            .route("/webhooks/prelude", post(receive))
            .with_state(app);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/webhooks/prelude", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { url, events })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The next event that was verified.
    pub(super) async fn next(&mut self) -> Result<Event, Failure> {
        in_time("an event", self.events.recv())
            .await?
            .ok_or_else(|| Failure::Local("the receiver has ended".to_owned()))
    }
}

async fn receive(State(app): State<App>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    match app.webhook.verify(&body, &headers) {
        Ok(event) => {
            let _demo_has_ended = app.events.send(event);
            (StatusCode::OK, String::new())
        }
        Err(error) => {
            let status = StatusCode::from_u16(error.webhook_status());
            (
                status.unwrap_or(StatusCode::UNAUTHORIZED),
                error.to_string(),
            )
        }
    }
}
