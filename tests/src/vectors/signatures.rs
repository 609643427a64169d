//! `signatures.json`: whose bytes they are.

use backchat_core::Webhook;
use serde::Deserialize;
use serde_json::Value;

use super::bytes::Bytes;
use super::case::{Case, Via, includes};
use super::file::Document;
use super::received::Expected;
use super::report::Report;

#[derive(Deserialize)]
struct SignatureCase {
    call: Call,
    keys: Vec<String>,
    body: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    expect: Expected,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
enum Call {
    #[serde(rename = "webhook.new")]
    New,
    #[serde(rename = "webhook.verify")]
    Verify,
}

pub(super) fn run(document: &Document, report: &mut Report) {
    for case in &document.cases {
        let end = Case::read(case).and_then(|case| check(document, &case));
        report.add(case, end);
    }
}

fn check(document: &Document, case: &Case<SignatureCase>) -> Result<Via, String> {
    let keys = keys(document, &case.what.keys)?;
    let body = body(document, &case.what)?;
    let webhook = match keys.as_slice() {
        [key] => Webhook::new(key),
        keys => Webhook::with_keys(keys.iter().copied()),
    };
    let got = match webhook {
        Ok(_) if case.what.call == Call::New => return Err("the keys were taken".to_owned()),
        Ok(webhook) => {
            let headers = case.what.headers.iter();
            webhook.verify(&body, headers.map(|(name, value)| (name, value)))
        }
        Err(_) if case.what.call == Call::Verify => return Err("a key is refused".to_owned()),
        Err(error) => Err(error),
    };
    case.what.expect.check(got, &body, includes)?;
    Ok(case.via)
}

fn keys<'a>(document: &'a Document, names: &[String]) -> Result<Vec<&'a str>, String> {
    let find = |name: &String| {
        let key = document.keys.get(name).and_then(Value::as_str);
        key.ok_or_else(|| format!("there is no key {name}"))
    };
    names.iter().map(find).collect()
}

fn body(document: &Document, case: &SignatureCase) -> Result<Vec<u8>, String> {
    let Some(name) = &case.body else {
        return Ok(Vec::new());
    };
    let body = document.bodies.get(name).cloned().unwrap_or_default();
    let body: Bytes = serde_json::from_value(body).map_err(|e| format!("body {name}: {e}"))?;
    body.bytes()
}
