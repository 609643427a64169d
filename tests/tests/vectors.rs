//! The shared vectors, run through the core. One test per file; `tests/vectors/README.md` says more.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use backchat_core::{ErrorClass, ErrorCode};
use backchat_tests::vectors::coverage::{NOT_IN_VECTORS, covered};
use backchat_tests::vectors::{Counts, File, Report, generate, run};
use jsonschema::Validator;
use serde_json::json;

/// The files that ran, for the line of their total.
static RAN: Mutex<Vec<Counts>> = Mutex::new(Vec::new());

/// Past the capture of `println!`: the counts are shown in every run.
fn say(line: &str) {
    let shown = writeln!(io::stdout(), "{line}");
    assert!(shown.is_ok(), "{shown:?}");
}

fn finish(report: &Report) {
    say(&report.to_string());
    let mut ran = RAN.lock().unwrap_or_else(PoisonError::into_inner);
    ran.push(report.counts);
    if ran.len() == File::ALL.len() {
        let mut all = Counts::default();
        for counts in &*ran {
            all += *counts;
        }
        let Counts { api, http } = all;
        say(&format!(
            "vectors: total {} (api {api}, http {http})",
            all.total()
        ));
    }
    drop(ran);
    let failures = &report.failures;
    assert!(
        failures.is_empty(),
        "{} failed:\n  {}",
        failures.len(),
        failures.join("\n  ")
    );
    assert!(report.counts.total() > 0, "no case ran");
}

#[tokio::test]
async fn outgoing() {
    finish(&run(File::Outgoing).await);
}

#[tokio::test]
async fn events() {
    finish(&run(File::Events).await);
}

#[tokio::test]
async fn signatures() {
    finish(&run(File::Signatures).await);
}

#[tokio::test]
async fn reply_windows() {
    finish(&run(File::ReplyWindows).await);
}

#[tokio::test]
async fn error_bodies() {
    finish(&run(File::ErrorBodies).await);
}

#[tokio::test]
async fn retry_after() {
    finish(&run(File::RetryAfter).await);
}

fn schema() -> Result<Validator, Box<dyn Error>> {
    let path = File::Outgoing.path().with_file_name("schema.json");
    let schema = serde_json::from_str(&fs::read_to_string(path)?)?;
    Ok(jsonschema::draft202012::new(&schema)?)
}

#[test]
fn every_file_keeps_to_the_schema() {
    let schema = schema().unwrap();
    let mut failures = Vec::new();
    for file in File::ALL {
        let document = file.json().unwrap();
        for error in schema.iter_errors(&document) {
            failures.push(format!("{file}{}: {error}", error.instance_path()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_schema_refuses_what_no_runner_would_read() {
    let schema = schema().unwrap();
    for (file, place, value) in [
        (File::Outgoing, "/cases/0/name", json!("Not Kebab")),
        (File::Outgoing, "/cases/0/via", json!("telepathy")),
        (
            File::Outgoing,
            "/cases/0/args",
            json!({"to": "+33612345678"}),
        ),
        (File::Outgoing, "/cases/0/expect", json!({"ok": {}})),
        (
            File::Events,
            "/cases/0/body",
            json!({"text": "a", "base64": "YQ=="}),
        ),
        (File::Events, "/cases/0/via", json!("http")),
        (
            File::Signatures,
            "/cases/0/headers",
            json!([["only a name"]]),
        ),
        (File::ReplyWindows, "/cases/0/expect/state", json!("ajar")),
        (
            File::ErrorBodies,
            "/cases/0/answers/0",
            json!({"stauts": 400}),
        ),
        (
            File::ErrorBodies,
            "/cases/0/expect/error",
            json!({"code": "internal"}),
        ),
        (File::RetryAfter, "/cases", json!([])),
    ] {
        let mut document = file.json().unwrap();
        *document.pointer_mut(place).unwrap() = value;
        assert!(!schema.is_valid(&document), "{file}{place}");
    }
}

#[test]
fn every_name_is_used_once() {
    let mut seen = BTreeSet::new();
    let names = covered().unwrap().names;
    let twice: Vec<_> = names.iter().filter(|name| !seen.insert(*name)).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn every_error_code_is_reached() {
    let reached = covered().unwrap().codes;
    for code in ErrorCode::ALL {
        let excused = NOT_IN_VECTORS
            .iter()
            .any(|(name, _)| *name == code.as_str());
        let is_reached = reached.contains(code.as_str());
        assert!(is_reached || excused, "no vector reaches {code}");
        assert!(
            !(is_reached && excused),
            "{code} is reached: take it off the list"
        );
    }
}

#[test]
fn every_documented_code_is_answered_at_400() {
    let reached = covered().unwrap().codes_at_400;
    for code in ErrorCode::ALL.iter().filter(|code| code.is_documented()) {
        assert!(reached.contains(code.as_str()), "{code}");
    }
}

#[test]
fn every_class_and_reason_is_reached() {
    let covered = covered().unwrap();
    for class in ErrorClass::ALL {
        let reached = covered.classes.contains(class.name());
        assert!(reached || *class == ErrorClass::Store, "{class:?}");
    }
    let reasons = [
        "header_missing",
        "header_repeated",
        "scheme_unknown",
        "not_base64",
        "wrong_length",
        "no_key_matches",
        "body_too_long",
    ];
    assert!(
        covered.reasons.iter().eq(BTreeSet::from(reasons)),
        "{:?}",
        covered.reasons
    );
}

#[test]
fn the_readme_names_the_codes_that_no_vector_reaches() {
    let path = File::Outgoing.path().with_file_name("README.md");
    let readme = fs::read_to_string(path).unwrap();
    for (code, why) in NOT_IN_VECTORS {
        assert!(
            readme.contains(&format!("`{code}`: {why}")),
            "{code}: {why}"
        );
    }
}

#[test]
fn generated_files_are_up_to_date() {
    let checked_in = fs::read_to_string(File::Signatures.path()).unwrap();
    let fresh = generate::signatures().unwrap();
    assert!(
        checked_in == fresh,
        "signatures.json is old: run `cargo xtask vectors`"
    );
}
