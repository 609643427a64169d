//! The quickstart as a user has it: a package outside the repository that knows the built package
//! alone, in front of a backend that has the token of a sandbox.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::{Swift, copy, package};
use crate::mobile::succeed;
use crate::suite::{End, Report, root};

/// What of the package is not made by a build: what users get beside the library.
const PACKAGE: &[&str] = &["Package.swift", "Sources", "README.md", "LICENSE"];
const SESSION: &str = "session-of-an-agent";

pub(super) fn run(swift: &Swift, library: &Path) -> io::Result<Report> {
    let started = Instant::now();
    println!("\n== swift-app: the quickstart, outside the repository");
    let folder = swift.outside()?;
    let ran = answer(swift, library, &folder);
    let _left_behind = fs::remove_dir_all(&folder);
    if let Err(why) = &ran {
        println!("{why}");
    }
    Ok(Report {
        name: "swift-app".to_owned(),
        end: End::Ran {
            passed: u64::from(ran.is_ok()),
            failed: u64::from(ran.is_err()),
        },
        took: started.elapsed(),
    })
}

fn answer(swift: &Swift, library: &Path, folder: &Path) -> io::Result<()> {
    let built = folder.join("Backchat");
    fs::create_dir_all(&built)?;
    for name in PACKAGE {
        copy(&package().join(name), &built.join(name))?;
    }
    copy(library, &built.join("lib"))?;
    // The tests stay behind, and a manifest names them.
    fs::create_dir_all(built.join("Tests/BackchatTests"))?;
    fs::write(built.join("Tests/BackchatTests/None.swift"), "")?;
    let app = folder.join("Quickstart");
    copy(&package().join("Examples/Quickstart"), &app)?;
    succeed(
        swift
            .in_outside("swift", &app)
            .args(["build", "--disable-sandbox"]),
    )?;

    let program = root().join("target/debug/backchat");
    let (_sandbox, ready) = Server::start(Command::new(&program).args([
        "--json",
        "sandbox",
        "--listen",
        "127.0.0.1:0",
    ]))?;
    let ready: serde_json::Value = serde_json::from_str(&ready)?;
    let (url, token) = (&ready["url"], &ready["token"]);
    let (url, token) = (url.as_str().unwrap_or(""), token.as_str().unwrap_or(""));
    let (_backend, backend) = Server::start(
        Command::new("python3")
            .arg(root().join("bindings/mobile/backend/backend.py"))
            .args([url, SESSION])
            .env("PRELUDE_API_TOKEN", token),
    )?;
    let pushed = Command::new(&program)
        .args([
            "--json",
            "trigger",
            "--from",
            "+33612345678",
            "--text",
            "Hi",
        ])
        .args(["--url", url])
        .output()?;
    let mut agent = swift.in_outside("swift", &app);
    agent.args(["run", "--disable-sandbox", "--skip-build", "Quickstart"]);
    agent.args([&backend, SESSION, "On it!"]);
    let mut agent = agent.stdin(Stdio::piped()).spawn()?;
    if let Some(mut input) = agent.stdin.take() {
        input.write_all(&pushed.stdout)?;
    }
    if agent.wait()?.success() {
        return Ok(());
    }
    Err(io::Error::other("the quickstart sent nothing"))
}

/// A program that serves until this is dropped.
struct Server(Child);

impl Server {
    /// Starts it, and gives the first line that it prints.
    fn start(command: &mut Command) -> io::Result<(Self, String)> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take();
        let server = Self(child);
        let mut line = String::new();
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        if line.is_empty() {
            return Err(io::Error::other(format!("{command:?} does not start")));
        }
        Ok((server, line.trim().to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}
