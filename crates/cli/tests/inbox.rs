//! `backchat inbox` beside an application that answers from the same ledger.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backchat_core::{Client, Webhook};
use backchat_inbox::{HandlerError, Inbox, Receipt};
use backchat_sandbox::{Fault, Inbound, Sandbox, SandboxHandle, SentMessage, WebhookEvent};
use serde_json::{Value, json};

const USER: &str = "+33612345678";

/// The folder of one test, empty.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("inbox-{test}"));
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn store(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("inbox.db").display())
}

/// The program, without a store in its environment.
async fn program(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backchat"));
    command
        .arg("inbox")
        .args(arguments)
        .env_remove("BACKCHAT_STORE");
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

/// The program on the ledger in `folder`: what it says in JSON.
async fn json_of(folder: &Path, arguments: &[&str]) -> Value {
    let store = store(folder);
    let output = program(&[&["--store", &store, "--json"], arguments].concat()).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The program on the ledger in `folder`, which fails: its exit code, and what it says.
async fn failure(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let store = store(folder);
    let output = program(&[&["--store", &store], arguments].concat()).await;
    assert_eq!(output.stdout, b"", "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), said)
}

async fn sandbox() -> SandboxHandle {
    Sandbox::builder().start().await.unwrap()
}

/// The application: one slot of it.
async fn application(sandbox: &SandboxHandle, folder: &Path, slot: &str) -> Inbox {
    let client = Client::builder()
        .api_token(sandbox.token())
        .base_url(sandbox.url())
        .build()
        .unwrap();
    let webhook = Webhook::new(sandbox.public_key_pem()).unwrap();
    Inbox::builder(client, webhook)
        .store(&store(folder))
        .await
        .unwrap()
        .slot(slot)
        .max_attempts(1)
        .build()
        .unwrap()
}

async fn receive(inbox: &Inbox, event: &WebhookEvent) -> Receipt {
    let headers = [("X-Webhook-Signature", event.signature.as_str())];
    inbox.receive(&event.body, headers).await
}

/// A user writes, and each of the application's slots receives it.
async fn say(sandbox: &SandboxHandle, slots: &[&Inbox]) -> WebhookEvent {
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    for slot in slots {
        let receipt = receive(slot, &event).await;
        assert_eq!(receipt.status, 200, "{receipt:?}");
    }
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn tells_slots_apart() {
    let (sandbox, folder) = (sandbox().await, folder("slots"));
    let reply = application(&sandbox, &folder, "reply").await;
    reply.on_message(async |_| Some("Hello")).unwrap();
    let survey = application(&sandbox, &folder, "survey").await;
    let broken = Arc::new(AtomicBool::new(true));
    let is_broken = Arc::clone(&broken);
    survey
        .on_message(move |_| {
            let broken = is_broken.load(Ordering::SeqCst);
            async move {
                if broken {
                    return Err(HandlerError::from("no model"));
                }
                Ok("Were you happy?")
            }
        })
        .unwrap();
    let event = say(&sandbox, &[&reply, &survey]).await;
    let id = event.message_id.as_deref().unwrap();

    let listed = json_of(&folder, &["list"]).await;
    assert_eq!(listed["counts"], json!({"sent": 1}));
    assert_eq!(listed["rows"][0]["slot"], "reply");
    let listed = json_of(&folder, &["list", "--slot", "survey"]).await;
    assert_eq!(listed["counts"], json!({"given_up": 1}));
    assert_eq!(listed["rows"][0]["message_id"], id);
    let shown = json_of(&folder, &["show", id, "--slot", "survey"]).await;
    assert_eq!(shown["state"], "given_up");
    let store = store(&folder);
    let none = program(&["--store", &store, "list", "--slot", "another"]).await;
    assert_eq!(none.stdout, b"no messages\n", "{none:?}");
    let (code, said) = failure(&folder, &["show", id, "--slot", "another"]).await;
    assert_eq!((code, said.contains(id)), (1, true), "{said}");

    let (code, said) = failure(&folder, &["rearm", id]).await;
    assert_eq!(
        (code, said.contains("a second message")),
        (1, true),
        "{said}"
    );
    let rearmed = json_of(&folder, &["rearm", id, "--slot", "survey"]).await;
    assert_eq!(rearmed, json!({"message_id": id, "state": "queued"}));
    broken.store(false, Ordering::SeqCst);
    say(&sandbox, &[&survey]).await;
    assert_eq!(
        replies(&sandbox),
        ["Hello", "Were you happy?", "Were you happy?"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn makes_a_message_answerable_whose_event_is_gone() {
    let (sandbox, folder) = (sandbox().await, folder("no-event"));
    let inbox = application(&sandbox, &folder, "reply").await;
    let answers = Arc::new(AtomicBool::new(false));
    let answer = Arc::clone(&answers);
    inbox
        .on_message(move |_| {
            let answers = answer.load(Ordering::SeqCst);
            async move { answers.then_some("Hello after all") }
        })
        .unwrap();
    let event = say(&sandbox, &[&inbox]).await;
    let another = say(&sandbox, &[&inbox]).await;
    let id = event.message_id.as_deref().unwrap();
    answers.store(true, Ordering::SeqCst);

    let (code, said) = failure(&folder, &["rearm", id]).await;
    assert_eq!((code, said.contains("--event FILE")), (1, true), "{said}");
    let file = folder.join("event.json");
    let file_name = file.to_str().unwrap();
    let rearm = ["rearm", id, "--event", file_name];
    let (code, said) = failure(&folder, &rearm).await;
    assert_eq!((code, said.contains("event.json")), (1, true), "{said}");
    std::fs::write(&file, &another.body).unwrap();
    let (code, said) = failure(&folder, &rearm).await;
    assert_eq!((code, said.contains("not about im_")), (2, true), "{said}");
    std::fs::write(&file, "{").unwrap();
    assert_eq!(failure(&folder, &rearm).await.0, 7);
    std::fs::write(&file, &event.body).unwrap();
    assert_eq!(json_of(&folder, &rearm).await["state"], "queued");
    say(&sandbox, &[&inbox]).await;
    assert_eq!(replies(&sandbox), ["Hello after all", "Hello after all"]);
    let (code, said) = failure(&folder, &["rearm", "im_nobody"]).await;
    assert_eq!((code, said.contains("does not know")), (1, true), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_what_another_process_is_sending() {
    let (sandbox, folder) = (sandbox().await, folder("sending"));
    let inbox = application(&sandbox, &folder, "reply").await;
    inbox.on_message(async |_| Some("Hello")).unwrap();
    let slow = Fault::delay(Duration::from_secs(3));
    sandbox.fail_next(slow).unwrap();
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let id = event.message_id.clone().unwrap();
    let receiving = tokio::spawn(async move { receive(&inbox, &event).await });
    while replies(&sandbox).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (code, said) = failure(&folder, &["rearm", &id]).await;
    assert_eq!((code, said.contains("is sending")), (1, true), "{said}");
    assert!(!receiving.is_finished());
    assert_eq!(receiving.await.unwrap().body, "sent");
    assert_eq!(replies(&sandbox), ["Hello"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn erases_a_person_in_every_slot() {
    let (sandbox, folder) = (sandbox().await, folder("forget"));
    let reply = application(&sandbox, &folder, "reply").await;
    reply.on_message(async |_| Some("Hello")).unwrap();
    let survey = application(&sandbox, &folder, "survey").await;
    survey.on_message(async |_| Some("And?")).unwrap();
    say(&sandbox, &[&reply, &survey]).await;
    assert_eq!(
        json_of(&folder, &["forget", "+4915550001"]).await["rows"],
        0
    );
    assert_eq!(json_of(&folder, &["forget", USER]).await["rows"], 2);
    assert_eq!(json_of(&folder, &["forget", USER]).await["rows"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn prints_the_tables_without_a_database() {
    for store in ["sqlite:/nowhere/inbox.db", "postgres://127.0.0.1:1/nobody"] {
        let output = program(&["schema", "--store", store]).await;
        let sql = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{sql}");
        assert!(sql.contains("CREATE TABLE"), "{sql}");
        let newer = program(&["schema", "--store", store, "--from", "999"]).await;
        assert_eq!(newer.status.code(), Some(2), "{newer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_not_there_is_no_empty_one() {
    let folder = folder("no-store");
    let output = program(&["list"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let (code, said) = failure(&folder.join("absent"), &["list"]).await;
    assert_eq!((code, said.contains("absent")), (1, true), "{said}");
    let output = program(&["list", "--store", "postgres://127.0.0.1:1/nobody"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

/// What the API accepted, in order.
fn replies(sandbox: &SandboxHandle) -> Vec<String> {
    let texts = sandbox.messages().into_iter().map(|sent| match sent {
        SentMessage::Reply(reply) => reply.text,
        other => panic!("{other:?}"),
    });
    texts.collect()
}
