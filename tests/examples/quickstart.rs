//! Answers every WhatsApp message, once per webhook. Settings come from the environment:
//! `PRELUDE_API_TOKEN`, `PRELUDE_WEBHOOK_PUBLIC_KEY`, and for a sandbox `PRELUDE_BASE_URL`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing::post};
use backchat_core::{Client, Error, Event, Webhook};

struct Bot {
    webhook: Webhook,
    client: Client,
}

impl Bot {
    async fn receive(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Error> {
        match self.webhook.verify(body, headers)? {
            Event::InboundMessage(message) => {
                let text = format!("You said: {}", message.text);
                let reply = self.client.reply(&message, &text).await?;
                println!("answered {} with {}", message.message_id, reply.id);
            }
            other => println!("{} {}", other.event_type(), other.id()),
        }
        Ok(())
    }
}

async fn receive(State(bot): State<Arc<Bot>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    match bot.receive(&headers, &body).await {
        Ok(()) => StatusCode::OK,
        Err(error) => {
            println!("{error}");
            StatusCode::from_u16(error.webhook_status()).unwrap_or(StatusCode::OK)
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bot = Bot {
        webhook: Webhook::from_env()?,
        client: Client::from_env()?,
    };
    let routes = Router::new()
        .route("/webhooks/prelude", post(receive))
        .with_state(Arc::new(bot));
    let address = std::env::var("BACKCHAT_LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, routes).await?;
    Ok(())
}
