//! `/sandbox/…`: the controls of a sandbox that another process runs.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde_json::Value;

use crate::exit::Failure;

/// POSTs `body` to a control and gives its answer.
pub(crate) async fn post(sandbox: &str, path: &str, body: &Value) -> Result<Value, Failure> {
    let url = url(sandbox, path);
    let answer = send(&url, &body.to_string()).await?;
    read(&url, answer)
}

/// GETs what a control knows.
pub(crate) async fn get(sandbox: &str, path: &str) -> Result<Value, Failure> {
    let url = url(sandbox, path);
    let answer = answer(&url, client()?.get(&url)).await?;
    read(&url, answer)
}

fn url(sandbox: &str, path: &str) -> String {
    format!("{}/sandbox/{path}", sandbox.trim_end_matches('/'))
}

fn read(url: &str, (status, answer): (u16, String)) -> Result<Value, Failure> {
    let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
    if (200..300).contains(&status) {
        return Ok(answer);
    }
    let why = answer["message"].as_str().unwrap_or("no sandbox's answer");
    Err(Failure::Local(format!("{url} refused ({status}): {why}")))
}

/// POSTs JSON and gives status and body.
pub(crate) async fn send(url: &str, json: &str) -> Result<(u16, String), Failure> {
    let request = client()?
        .post(url)
        .header("content-type", "application/json")
        .body(json.to_owned());
    answer(url, request).await
}

async fn answer(url: &str, request: reqwest::RequestBuilder) -> Result<(u16, String), Failure> {
    let unreachable = |_| Failure::Local(format!("nothing answers at {url}: is it running?"));
    let answer = request.send().await.map_err(unreachable)?;
    let status = answer.status().as_u16();
    Ok((status, answer.text().await.map_err(unreachable)?))
}

/// A sandbox is on this machine or in its network: plain http, never through a proxy.
fn client() -> Result<reqwest::Client, Failure> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| Failure::Local(e.to_string()))?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()
        .map_err(|e| Failure::Local(e.to_string()))
}
