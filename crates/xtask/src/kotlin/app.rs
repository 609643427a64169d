//! The quickstart as a user has it: a project outside the repository that depends on the built jar,
//! in front of a backend that has the token of a sandbox.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::{here, maven};
use crate::mobile::succeed;
use crate::phone::{SESSION, Surroundings};
use crate::suite::Report;

const QUICKSTART: &str = "src/test/kotlin/dev/backchat/examples/Quickstart.kt";

pub(super) fn run() -> io::Result<Report> {
    let folder = std::env::temp_dir().join(format!("backchat-kotlin-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let report = Report::of_check("kt-app", "the quickstart, outside the repository", || {
        answer(&folder)
    });
    let _left_behind = fs::remove_dir_all(&folder);
    Ok(report)
}

fn answer(folder: &Path) -> io::Result<()> {
    // Into this machine's own repository, where it replaces the one of the last run. The suite before
    // has run the tests.
    let mut install = maven("install");
    succeed(
        install
            .args(["--quiet", "-Dmaven.test.skip=true"])
            .current_dir(here()),
    )?;
    fs::copy(here().join("example/pom.xml"), folder.join("pom.xml"))?;
    fs::copy(here().join("example/Main.kt"), folder.join("Main.kt"))?;
    fs::copy(here().join(QUICKSTART), folder.join("Quickstart.kt"))?;
    let mut compile = maven("compile");
    compile.args([
        "--quiet",
        "dependency:build-classpath",
        "-Dmdep.outputFile=classpath",
    ]);
    succeed(compile.current_dir(folder))?;
    let others = fs::read_to_string(folder.join("classpath"))?;

    let surroundings = Surroundings::start()?;
    let mut app = Command::new("java");
    app.args(["-cp", &format!("target/classes:{others}"), "MainKt"]);
    app.args([&surroundings.backend, SESSION]);
    surroundings.run(app.current_dir(folder), 1)
}
