//! The quickstart as a user has it: a package outside the repository that knows the built package
//! alone, in front of a backend that has the token of a sandbox.

use std::fs;
use std::io;
use std::path::Path;

use super::{Swift, copy, package};
use crate::mobile::succeed;
use crate::phone::{SESSION, Surroundings};
use crate::suite::Report;

/// What of the package is not made by a build: what users get beside the library.
const PACKAGE: &[&str] = &["Package.swift", "Sources", "README.md", "LICENSE"];

pub(super) fn run(swift: &Swift, library: &Path) -> io::Result<Report> {
    let folder = swift.outside()?;
    let report = Report::of_check(
        "swift-app",
        "the quickstart, outside the repository",
        || answer(swift, library, &folder),
    );
    let _left_behind = fs::remove_dir_all(&folder);
    Ok(report)
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

    let surroundings = Surroundings::start()?;
    let mut agent = swift.in_outside("swift", &app);
    agent.args(["run", "--disable-sandbox", "--skip-build", "Quickstart"]);
    agent.args([&surroundings.backend, SESSION, "On it!"]);
    // It answers, and asks whether there is anything else.
    surroundings.run(&mut agent, 2)
}
