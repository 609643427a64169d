//! Answers every WhatsApp message, once. The settings come from the environment:
//! `PRELUDE_API_TOKEN`, `PRELUDE_WEBHOOK_PUBLIC_KEY`, and for a sandbox `PRELUDE_BASE_URL`.

use std::env;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing::post};
use backchat_core::{Client, InboundMessage, Webhook};
use backchat_inbox::Inbox;

/// The bot is an ordinary function: message in, text out.
async fn answer(message: InboundMessage) -> Option<String> {
    Some(format!("You said: {}", message.text))
}

async fn receive(
    State(inbox): State<Inbox>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let answer = inbox.receive(&body, &headers).await;
    (
        StatusCode::from_u16(answer.status).unwrap_or_default(),
        answer.body,
    )
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = env::var("BACKCHAT_STORE").unwrap_or_else(|_| "sqlite:inbox.db".to_owned());
    let inbox = Inbox::builder(Client::from_env()?, Webhook::from_env()?)
        .store(&store)
        .await?
        .build()?;
    inbox.on_message(answer)?;

    let routes = Router::new()
        .route("/webhooks/prelude", post(receive))
        .with_state(inbox);
    let address = env::var("BACKCHAT_LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, routes).await?;
    Ok(())
}
