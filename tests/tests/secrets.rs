//! Nothing printed ever holds a token, a text or a whole phone number: canary values through every
//! error, every `Debug`, and every log line at the most verbose level.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::fmt::Debug;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backchat_core::{
    Address, AnswerBody, Attempt, Client, CorrelationId, DeliveryEvent, Error, ErrorCode, Event,
    InboundMessage, MessageText, PhoneNumber, Reply, SenderId, StoreError, Template, Text, Webhook,
};
use backchat_tests::fault::{Body, FaultServer, Point, Step, TlsFault, refused_address};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

const TOKEN: &str = "canary-token-4f1d";
const TEXT: &str = "canary text 9a7e";
const NUMBER: &str = "+33698765432";

/// Everything that was printed so far.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Printed {
    fn print(&self, what: &str, value: impl Debug) {
        self.line(&format!("{what}: {value:?} {value:#?}"));
    }

    fn error(&self, what: &str, error: &Error) {
        self.print(what, error);
        self.line(&format!("{error} {}", error.advice()));
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            self.line(&format!("{cause} {cause:?}"));
            source = cause.source();
        }
    }

    fn line(&self, line: &str) {
        let mut all = self.0.lock().unwrap();
        all.extend_from_slice(line.as_bytes());
        all.push(b'\n');
    }

    fn assert_clean(&self) {
        let all = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        for canary in [TOKEN, TEXT, NUMBER, &NUMBER[1..], "98765"] {
            let line = all.lines().find(|line| line.contains(canary));
            assert!(line.is_none(), "{canary:?} in {line:?}");
        }
        assert!(
            all.contains("maybe_sent") && all.contains("attempt"),
            "it printed at all"
        );
    }
}

impl io::Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Printed {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn event_json() -> String {
    json!({
        "id": "evt_1", "type": "inbound.message.received", "created_at": "2025-10-24T08:59:10Z",
        "payload": {
            "message_id": "im_1", "channel": "whatsapp", "from": NUMBER, "to": NUMBER,
            "content": {"text": TEXT},
            "conversation": {"window_expires_at": "2025-10-25T08:59:10Z"},
        },
    })
    .to_string()
}

fn message() -> InboundMessage {
    match Event::from_json(event_json()).unwrap() {
        Event::InboundMessage(message) => message,
        other => panic!("{other:?}"),
    }
}

fn delivery() -> DeliveryEvent {
    let json = json!({
        "id": "evt_2", "type": "transactional.message.failed", "created_at": "2025-10-24T08:59:10Z",
        "payload": {"message_id": "tx_1", "to": NUMBER, "reason": "generic"},
    });
    match Event::from_json(json.to_string()).unwrap() {
        Event::Delivery(delivery) => delivery,
        other => panic!("{other:?}"),
    }
}

fn template() -> Template {
    let mut template = Template::parse("template_1")
        .unwrap()
        .variable("name", TEXT);
    template.from = Some(SenderId::parse(NUMBER).unwrap());
    template
}

#[tokio::test]
async fn nothing_printed_holds_a_secret() {
    let printed = Printed::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(printed.clone())
        .with_ansi(false)
        .init();

    values(&printed);
    webhooks(&printed);
    calls(&printed).await;
    printed.assert_clean();
}

fn values(printed: &Printed) {
    printed.print("number", PhoneNumber::parse(NUMBER));
    printed.print("text", Text::parse(TEXT));
    printed.print("address", Address::from(NUMBER));
    printed.print("message text", MessageText::from(TEXT));
    printed.print("inbound", Event::InboundMessage(message()));
    printed.print("window", message().reply_window);
    printed.print("raw", message().raw);
    printed.print("delivery", Event::Delivery(delivery()));
    let opt_out = json!({
        "id": "evt_3", "type": "marketing.subscription.stop", "created_at": "x",
        "payload": {"action": "STOP", "from": NUMBER, "to": NUMBER},
    });
    printed.print("opt-out", Event::from_json(opt_out.to_string()));
    let unknown = json!({
        "id": "evt_4", "type": "new.type", "created_at": "x",
        "payload": {"text": TEXT, "from": NUMBER},
    });
    printed.print("unknown", Event::from_json(unknown.to_string()));
    printed.print("reply", Reply::to_message(&message(), TEXT));
    let to = PhoneNumber::parse(NUMBER).unwrap();
    printed.print("template", template().to(to));
    printed.print("body", AnswerBody::parse(TEXT.into()));
    printed.print("body", AnswerBody::parse(format!("[{TEXT:?}]").into()));
    let quoting = json!({"code": "c", "message": format!("{NUMBER} {TEXT}"), "type": TEXT});
    printed.print("body", AnswerBody::parse(quoting.to_string().into()));
    for wrong in [
        PhoneNumber::parse(&format!("{NUMBER} ")).map(drop),
        CorrelationId::parse(&TEXT.repeat(9)).map(drop),
        Template::parse(TEXT).map(drop),
        Reply::parse(NUMBER, TEXT, TEXT).map(drop),
    ] {
        printed.error("wrong value", &wrong.unwrap_err());
    }
    let wrong: Result<PhoneNumber, _> =
        serde_json::from_str(&format!("{:?}", format!("{NUMBER}x")));
    printed.print("through serde", wrong);
    printed.error("store", &StoreError::new("gone").into());
    printed.print("configuration", ErrorCode::ALL);
}

fn webhooks(printed: &Printed) {
    let webhook = Webhook::unverified();
    printed.print("webhook", &webhook);
    let headers: [(&str, &str); 0] = [];
    for body in [
        TEXT.to_owned(),
        format!("{{\"type\": {TEXT:?}}}"),
        event_json().replace("\"im_1\"", &format!("[{TEXT:?}]")),
    ] {
        printed.error(
            "unreadable",
            &webhook.verify(body.as_bytes(), headers).unwrap_err(),
        );
    }
    for text in [format!("{{\"x\": {TEXT:?}}}"), "7".to_owned()] {
        let odd = event_json().replace(&format!("{TEXT:?}"), &text);
        printed.print(
            "odd content",
            webhook.verify(odd.as_bytes(), headers).unwrap(),
        );
    }
    let keyed = Webhook::new(include_str!("../../crates/core/tests/data/public-key.pem")).unwrap();
    printed.print("webhook", &keyed);
    for signature in ["", TEXT, "rsassa-pss-sha256=AAAA"] {
        let headers = [("x-webhook-signature", signature)];
        let error = keyed.verify(event_json().as_bytes(), headers).unwrap_err();
        printed.error("signature", &error);
    }
    printed.error("key", &Webhook::new(TEXT).unwrap_err());
}

async fn calls(printed: &Printed) {
    let server = FaultServer::start().await.unwrap();
    let observed = printed.clone();
    let builder = || {
        let observed = observed.clone();
        Client::builder()
            .api_token(TOKEN)
            .timeout(Duration::from_millis(300))
            .max_retries(1)
            .observer(move |attempt: &Attempt| observed.print("attempt", attempt))
    };
    let client = builder().base_url(server.url()).build().unwrap();
    printed.print("client", &client);
    let sent = client
        .reply(&message(), TEXT)
        .header("x-trace", TOKEN)
        .await;
    printed.print("sent", sent.unwrap());
    let to = PhoneNumber::parse(NUMBER).unwrap();
    let sent = client.notify().send(template().to(to)).await;
    printed.print("template", sent.unwrap());
    let quoting = |code: &str| {
        Body::Json(json!({"code": code, "message": format!("{NUMBER} {TEXT} {TOKEN}")}))
    };
    let mut steps = vec![
        Step::reset(Point::Request),
        Step::close(Point::Headers),
        Step::stall(Point::Request),
        Step::stall(Point::Body),
        Step::default().body(Body::Text(TEXT.to_owned())),
        Step::status(500).body(quoting("internal")),
        Step::status(429)
            .header("retry-after", "9")
            .body(quoting("")),
        Step::status(401).body(quoting("invalid_api_token")),
        Step::status(302).header("location", &format!("http://localhost/{TOKEN}")),
        Step::status(418).body(Body::Text(TEXT.to_owned())),
    ];
    let refusals = ErrorCode::ALL.iter().filter(|code| code.is_documented());
    steps.extend(refusals.map(|code| Step::status(400).body(quoting(code.as_str()))));
    for step in steps {
        server.script(vec![step]);
        let error = client.reply(&message(), TEXT).await.unwrap_err();
        printed.error("call", &error);
    }
    let refused = refused_address().unwrap();
    let client = builder().base_url(refused.url()).build().unwrap();
    printed.error(
        "refused",
        &client.reply(&message(), TEXT).await.unwrap_err(),
    );
    let tls = FaultServer::start_tls(TlsFault::SelfSigned).await.unwrap();
    let client = builder().base_url(tls.url()).build().unwrap();
    printed.error("tls", &client.reply(&message(), TEXT).await.unwrap_err());
    let secret = TOKEN;
    let client = builder()
        .base_url(server.url())
        .token_provider(move || async move { Err(format!("{secret} has expired").into()) })
        .build()
        .unwrap();
    printed.error(
        "provider",
        &client.reply(&message(), TEXT).await.unwrap_err(),
    );
    for url in [
        format!("https://{TOKEN}@localhost"),
        format!("https://user:{TOKEN}@localhost"),
    ] {
        let error = builder().base_url(url.clone()).build().unwrap_err();
        printed.error("base url", &error);
        let proxied = builder()
            .base_url(server.url())
            .proxy(url.replace("https", "ftp"));
        printed.error("proxy", &proxied.build().unwrap_err());
        let callback = builder()
            .base_url(server.url())
            .callback_url(url.replace("https", "ftp"));
        printed.error("callback", &callback.build().unwrap_err());
    }
    let error = builder()
        .base_url(server.url())
        .api_token(format!("{TOKEN}\n"))
        .build();
    printed.error("token", &error.unwrap_err());
}
