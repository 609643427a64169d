//! `outgoing.json`, `error_bodies.json`, `retry_after.json`: one call, and what becomes of it.

use backchat_core::{Answered, Call, Client, Error, Reply, TemplateMessage};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::args::{AnswerArgs, ReplyArgs, SendArgs};
use super::case::{Case, Via, includes, same};
use super::error::ErrorFields;
use super::file::Document;
use super::options::{CallOptions, ClientOptions};
use super::report::Report;
use super::request::ExpectedRequest;
use super::server::{Kind, Server};
use crate::fault::Step;

/// A port that nothing listens on: a case by the interface alone must never get there.
const NOWHERE: &str = "http://127.0.0.1:9";

#[derive(Deserialize)]
struct CallCase {
    call: Name,
    #[serde(default)]
    args: Value,
    #[serde(default)]
    client: ClientOptions,
    #[serde(default)]
    options: CallOptions,
    #[serde(default)]
    server: Kind,
    #[serde(default)]
    answers: Vec<Step>,
    expect: Expected,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
enum Name {
    #[serde(rename = "client")]
    Client,
    #[serde(rename = "notify.reply")]
    NotifyReply,
    #[serde(rename = "notify.send")]
    NotifySend,
    #[serde(rename = "reply")]
    Reply,
    #[serde(rename = "reply_or_template")]
    ReplyOrTemplate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    ok: Option<Value>,
    error: Option<ErrorFields>,
    posts: Option<usize>,
    requests: Option<Vec<ExpectedRequest>>,
}

pub(super) async fn run(document: &Document, report: &mut Report) {
    for case in &document.cases {
        let end = match Case::read(&completed(case, &document.defaults)) {
            Ok(case) => check(case).await,
            Err(why) => Err(why),
        };
        report.add(case, end);
    }
}

/// A case and the file's defaults for what it leaves out.
fn completed(case: &Value, defaults: &Map<String, Value>) -> Value {
    let mut completed = defaults.clone();
    if let Some(case) = case.as_object() {
        completed.extend(case.clone());
    }
    Value::Object(completed)
}

async fn check(case: Case<CallCase>) -> Result<Via, String> {
    let Case { via, what: case } = case;
    match via {
        Via::Api => {
            let end = case.run(NOWHERE).await?;
            case.expect.check_end(&case, end)?;
        }
        Via::Http => {
            let server = Server::start(case.server, case.answers.clone()).await;
            let server = server.map_err(|e| format!("the server: {e}"))?;
            let end = case.run(&server.url()).await?;
            if let Err(error) = &end {
                case.check_call(error)?;
            }
            case.expect.check_end(&case, end)?;
            case.expect.check_requests(&server).await?;
        }
    }
    Ok(via)
}

impl CallCase {
    /// The outer error is a fault of the case, the inner one the library's answer.
    async fn run(&self, base_url: &str) -> Result<Result<Value, Error>, String> {
        let client = match self.client.client(base_url) {
            Ok(client) => client,
            Err(error) => return Ok(Err(error)),
        };
        match self.call {
            Name::Client => Ok(Ok(json!({}))),
            Name::NotifyReply => {
                let args: ReplyArgs = read(&self.args)?;
                let reply = args.reply();
                same_by_serde::<Reply>(&self.args, &reply)?;
                self.await_call(reply.map(|reply| client.notify().reply(reply)))
                    .await
            }
            Name::NotifySend => {
                let args: SendArgs = read(&self.args)?;
                let message = args.message();
                same_by_serde::<TemplateMessage>(&self.args, &message)?;
                self.await_call(message.map(|message| client.notify().send(message)))
                    .await
            }
            Name::Reply => {
                let args: AnswerArgs = read(&self.args)?;
                self.await_call(Ok(client.reply(&args.message()?, &args.text)))
                    .await
            }
            Name::ReplyOrTemplate => self.reply_or_template(&client).await,
        }
    }

    async fn await_call<T: Serialize + Send + 'static>(
        &self,
        call: Result<Call<T>, Error>,
    ) -> Result<Result<Value, Error>, String> {
        let end = match call {
            Ok(call) => self.options.apply(call).await,
            Err(error) => Err(error),
        };
        end.map(|answer| serde_json::to_value(answer).map_err(|e| e.to_string()))
            .map_or_else(|error| Ok(Err(error)), |value| value.map(Ok))
    }

    async fn reply_or_template(&self, client: &Client) -> Result<Result<Value, Error>, String> {
        let args: AnswerArgs = read(&self.args)?;
        let template = match args.template() {
            Ok(template) => template,
            Err(error) => return Ok(Err(error)),
        };
        let call = client.reply_or_template(&args.message()?, &args.text, template);
        let (sent, answer) = match self.options.apply(call).await {
            Ok(Answered::Reply(reply)) => ("reply", serde_json::to_value(reply)),
            Ok(Answered::Template(template)) => ("template", serde_json::to_value(template)),
            Err(error) => return Ok(Err(error)),
        };
        let mut answer = answer.map_err(|e| e.to_string())?;
        answer["sent"] = sent.into();
        Ok(Ok(answer))
    }

    /// An error of a call names the message and the correlation id, so that a delivery event can
    /// be told to belong to it.
    fn check_call(&self, error: &Error) -> Result<(), String> {
        if let (Some(expected), Some(_)) = (self.args["correlation_id"].as_str(), error.call()) {
            let got = error.correlation_id().map(ToString::to_string);
            same("correlation_id", &Some(expected.to_owned()), &got)?;
        }
        if let (Some(expected), Some(_)) = (self.args["reply_to"].as_str(), error.call()) {
            let got = error.message_id().map(ToString::to_string);
            same("message_id", &Some(expected.to_owned()), &got)?;
        }
        Ok(())
    }
}

impl Expected {
    fn check_end(&self, case: &CallCase, end: Result<Value, Error>) -> Result<(), String> {
        match (&self.ok, &self.error, end) {
            (Some(expected), None, Ok(answer)) => includes(expected, &answer),
            (None, Some(expected), Err(error)) => expected.check(&error),
            (Some(_), None, Err(error)) => Err(format!("expected no error, got {error}")),
            (None, Some(expected), Ok(_)) if case.call == Name::Client => {
                Err(format!("expected {}, got a client", expected.code))
            }
            (None, Some(expected), Ok(answer)) => Err(format!(
                "expected {}, got the answer {answer}",
                expected.code
            )),
            _ => Err("the case must expect either `ok` or `error`".to_owned()),
        }
    }

    async fn check_requests(&self, server: &Server) -> Result<(), String> {
        let posts = self
            .posts
            .ok_or("the case must say how many `posts` it expects")?;
        let received = server.received(posts).await;
        same("posts", &posts, &received.len())?;
        for (expected, received) in self.requests.iter().flatten().zip(&received) {
            expected.check(received)?;
        }
        let named = self.requests.as_ref().map_or(posts, Vec::len);
        same("requests", &named, &received.len())
    }
}

fn read<T: DeserializeOwned>(args: &Value) -> Result<T, String> {
    T::deserialize(args).map_err(|e| format!("args: {e}"))
}

/// serde walks through the same door: the same value, or the same code.
fn same_by_serde<T>(args: &Value, parsed: &Result<T, Error>) -> Result<(), String>
where
    T: DeserializeOwned + PartialEq + std::fmt::Debug,
{
    match (T::deserialize(args), parsed) {
        (Ok(read), Ok(parsed)) => same("by serde", parsed, &read),
        (Err(got), Err(error)) => {
            let (got, code) = (got.to_string(), error.code());
            if got.contains(code.as_str()) {
                Ok(())
            } else {
                Err(format!("by serde: expected {code}, got {got}"))
            }
        }
        (Ok(_), Err(error)) => Err(format!("by serde: taken, but refused by parse: {error}")),
        (Err(error), Ok(_)) => Err(format!("by serde: refused, but taken by parse: {error}")),
    }
}
