//! The application's side: one inbox, for messages and for delivery events.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::routing::post;
use backchat_core::{Client, DeliveryEvent, InboundMessage, Webhook};
use backchat_inbox::Inbox;
use backchat_sandbox::SandboxHandle;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::in_time;
use crate::exit::Failure;

/// On a phone far away a message takes a moment. Here it would be there before its POST returned.
const FAR_AWAY: Duration = Duration::from_millis(150);

pub(super) struct Receiver {
    pub(super) url: String,
    pub(super) client: Client,
    pub(super) inbox: Inbox,
    messages: mpsc::UnboundedReceiver<InboundMessage>,
    deliveries: mpsc::UnboundedReceiver<DeliveryEvent>,
}

impl Receiver {
    pub(super) async fn start(sandbox: &SandboxHandle) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let application = format!("http://{}", listener.local_addr()?);
        let url = format!("{application}/webhooks/prelude");
        let client = Client::builder()
            .api_token(sandbox.token())
            .base_url(sandbox.url())
            .callback_url(format!("{application}/webhooks/delivery"))
            .build()?;
        let webhook = Webhook::new(sandbox.public_key_pem())?;
        let inbox = Inbox::builder(client.clone(), webhook).build()?;
        let (message_sender, messages) = mpsc::unbounded_channel();
        let (delivery_sender, deliveries) = mpsc::unbounded_channel();
        inbox.on_message(move |message: InboundMessage| {
            let answer = format!("You said: {}", message.text);
            let _demo_has_ended = message_sender.send(message);
            async move { answer }
        })?;
        inbox.on_delivery(move |event| {
            let _demo_has_ended = delivery_sender.send(event);
            async {}
        })?;
        let routes = Router::new()
            .route("/webhooks/prelude", post(receive))
            .route("/webhooks/delivery", post(receive_late))
            .with_state(inbox.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self {
            url,
            client,
            inbox,
            messages,
            deliveries,
        })
    }

    /// The next message that the handler was given.
    pub(super) async fn message(&mut self) -> Result<InboundMessage, Failure> {
        in_time("a message", self.messages.recv())
            .await?
            .ok_or_else(ended)
    }

    /// The next delivery event.
    pub(super) async fn delivery(&mut self) -> Result<DeliveryEvent, Failure> {
        in_time("a delivery event", self.deliveries.recv())
            .await?
            .ok_or_else(ended)
    }
}

fn ended() -> Failure {
    Failure::Local("the receiver has ended".to_owned())
}

async fn receive(
    State(inbox): State<Inbox>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    let answer = inbox.receive(&body, &headers).await;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let headers = answer
        .headers
        .iter()
        .filter_map(|(name, value)| {
            let name = HeaderName::try_from(*name).ok()?;
            Some((name, HeaderValue::try_from(value).ok()?))
        })
        .collect();
    (status, headers, answer.body)
}

async fn receive_late(
    inbox: State<Inbox>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    sleep(FAR_AWAY).await;
    receive(inbox, headers, body).await
}
