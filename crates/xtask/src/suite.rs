//! One suite: a command, whether it passed, and how many tests it counted.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Cargo's profile of what users install.
pub(crate) const SHIPPED: &str = "release";

/// Its profile of what the suites install: it shares the build of the program, and its own checks of
/// overflows and the like are on.
pub(crate) const TESTED: &str = "dev";

/// How many test files to run at once: one more than cores, for many tests wait.
pub(crate) fn files_at_once() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from) + 1
}

/// What came of a suite.
pub(crate) struct Report {
    pub(crate) name: String,
    pub(crate) end: End,
    pub(crate) took: Duration,
}

pub(crate) enum End {
    /// Passed or failed, with the counts of its runner (a check without a runner counts as one). Tests
    /// that skip themselves fail with `CI=true`.
    Ran {
        passed: u64,
        failed: u64,
        skipped: u64,
    },
    /// Not run on this machine, and why. Never with `CI=true`.
    Skipped(String),
}

impl Report {
    /// Runs `command` in the project's root and passes its output on. The lines in which test runners
    /// sum up are counted.
    pub(crate) fn of(name: &str, command: &mut Command) -> io::Result<Self> {
        Self::of_in(name, &root(), command)
    }

    /// The same in another folder.
    pub(crate) fn of_in(name: &str, folder: &Path, command: &mut Command) -> io::Result<Self> {
        println!("\n== {name}: {}", shown(command));
        let started = Instant::now();
        let mut child = command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut counts = Counts::default();
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).lines() {
                let line = line?;
                writeln!(io::stdout(), "{line}")?;
                counts.read(&line);
            }
        }
        let succeeded = child.wait()?.success();
        Ok(Self {
            name: name.to_owned(),
            end: counts.end(succeeded),
            took: started.elapsed(),
        })
    }

    /// The same of a check without a runner.
    pub(crate) fn of_check(name: &str, what: &str, check: impl FnOnce() -> io::Result<()>) -> Self {
        println!("\n== {name}: {what}");
        let started = Instant::now();
        let ran = check();
        if let Err(why) = &ran {
            println!("{why}");
        }
        Self {
            name: name.to_owned(),
            end: End::Ran {
                passed: u64::from(ran.is_ok()),
                failed: u64::from(ran.is_err()),
                skipped: 0,
            },
            took: started.elapsed(),
        }
    }

    pub(crate) fn skipped(name: &str, why: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            end: End::Skipped(why.into()),
            took: Duration::ZERO,
        }
    }
}

/// The sum of all lines in which runners sum up: `test result: ok. 3 passed; 0 failed; …` of `cargo
/// test`, `3 passed, 1 failed in 2.05s` of pytest, `# pass 3`, `# fail 0` and `# skipped 0` of `node
/// --test`, `Test run with 3 tests passed after …` of Swift, `Tests run: 3, Failures: 0, …` of Maven.
#[derive(Default)]
struct Counts {
    runners: u64,
    passed: u64,
    failed: u64,
    skipped: u64,
    /// Tests that Swift said had failed, or been skipped: its last line counts all.
    swift: (u64, u64),
}

impl Counts {
    fn read(&mut self, line: &str) {
        let node = |what| line.strip_prefix(what)?.trim().parse::<u64>().ok();
        if let Some(passed) = node("# pass ") {
            self.runners += 1;
            self.passed += passed;
        }
        if let Some(failed) = node("# fail ") {
            self.failed += failed;
        }
        if let Some(skipped) = node("# skipped ") {
            self.skipped += skipped;
        }
        self.read_swift(line);
        if let Some([passed, failed, skipped]) = of_surefire(line) {
            self.runners += 1;
            self.passed += passed;
            self.failed += failed;
            self.skipped += skipped;
        }
        let line = line.trim().trim_matches('=').trim();
        let Some(result) = line
            .strip_prefix("test result: ")
            .or_else(|| of_pytest(line))
        else {
            return;
        };
        self.runners += 1;
        let mut before = "";
        for word in result
            .split([' ', ';', ','])
            .filter(|word| !word.is_empty())
        {
            match word {
                "passed" => self.passed += before.parse().unwrap_or(0),
                "failed" | "error" | "errors" => self.failed += before.parse().unwrap_or(0),
                "skipped" | "ignored" => self.skipped += before.parse().unwrap_or(0),
                _ => {}
            }
            before = word;
        }
    }

    /// `✘ Test name() failed after 0.1 seconds with 1 issue.`, and at the end `✔ Test run with 3 tests
    /// passed after 0.2 seconds.`
    fn read_swift(&mut self, line: &str) {
        let Some((_mark, line)) = line.split_once(" Test ") else {
            return;
        };
        let Some(run) = line.strip_prefix("run with ") else {
            self.swift.0 += u64::from(line.contains(") failed after "));
            self.swift.1 += u64::from(line.contains(") skipped"));
            return;
        };
        let Some((count, rest)) = run.split_once(" test") else {
            return;
        };
        if rest.contains(" passed after ") || rest.contains(" failed after ") {
            let (failed, skipped) = std::mem::take(&mut self.swift);
            self.runners += 1;
            self.passed += count
                .parse::<u64>()
                .unwrap_or(0)
                .saturating_sub(failed + skipped);
            self.failed += failed;
            self.skipped += skipped;
        }
    }

    /// A runner that ran no test has failed, and so has a command that says so.
    fn end(self, succeeded: bool) -> End {
        let counted = self.runners == 0 || self.passed > 0;
        let (passed, failed) = if self.runners == 0 {
            (u64::from(succeeded), 0)
        } else {
            (self.passed, self.failed)
        };
        let failed = if succeeded && counted {
            failed
        } else {
            failed.max(1)
        };
        End::Ran {
            passed,
            failed,
            skipped: self.skipped,
        }
    }
}

/// `Tests run: 9, Failures: 1, Errors: 0, Skipped: 2` as the sum of all classes (each class has a line
/// of its own, which goes on): passed, failed and skipped.
fn of_surefire(line: &str) -> Option<[u64; 3]> {
    let (_, counts) = line.split_once("Tests run: ")?;
    let mut numbers = counts.split(", ").map(|count| {
        let number = count.rsplit(' ').next()?;
        number.parse::<u64>().ok()
    });
    let mut next = || numbers.next()?;
    let (run, failures, errors, skipped) = (next()?, next()?, next()?, next()?);
    let failed = failures + errors;
    numbers
        .next()
        .is_none()
        .then(|| [run.saturating_sub(failed + skipped), failed, skipped])
}

/// `3 passed, 1 skipped in 2.05s`
fn of_pytest(line: &str) -> Option<&str> {
    let (counts, time) = line.split_once(" in ")?;
    let word = counts.split([' ', ',']).nth(1)?;
    let counted = counts.starts_with(|c: char| c.is_ascii_digit())
        && [
            "passed",
            "failed",
            "skipped",
            "error",
            "errors",
            "deselected",
        ]
        .contains(&word);
    let timed = time.starts_with(|c: char| c.is_ascii_digit());
    (counted && timed).then_some(counts)
}

/// The project's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// `cargo` as it was called.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let words = [program.file_name().unwrap_or(program.as_os_str())];
    words
        .into_iter()
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(lines: &[&str], succeeded: bool) -> (u64, u64) {
        let mut counts = Counts::default();
        for line in lines {
            counts.read(line);
        }
        match counts.end(succeeded) {
            End::Ran { passed, failed, .. } => (passed, failed),
            End::Skipped(why) => panic!("{why}"),
        }
    }

    #[test]
    fn results_are_added_up() {
        let lines = [
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
        ];
        assert_eq!(end(&lines, false), (4, 2));
    }

    #[test]
    fn pytest_is_understood() {
        assert_eq!(
            end(&["66 passed, 15 skipped in 69.55s (0:01:09)"], true),
            (66, 0)
        );
        assert_eq!(end(&["=== 1 failed, 2 passed in 0.10s ==="], false), (2, 1));
        assert_eq!(end(&["3 errors in 0.64s"], false), (0, 3));
        assert_eq!(end(&["15 skipped in 0.02s"], true), (0, 1));
        assert_eq!(end(&["20 passed in review"], true), (1, 0));
    }

    #[test]
    fn results_of_node_are_counted() {
        let lines = [
            "ok 1 - a test",
            "# pass 7",
            "# fail 1",
            "# pass me the salt",
        ];
        assert_eq!(end(&lines, false), (7, 1));
        assert_eq!(end(&["# pass 0", "# fail 0"], true), (0, 1));
    }

    #[test]
    fn surefire_is_understood() {
        let lines = [
            "[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1.2 s -- in A",
            "[ERROR] Tests run: 9, Failures: 1, Errors: 1, Skipped: 2",
        ];
        assert_eq!(end(&lines, false), (5, 2));
        assert_eq!(
            end(
                &["[INFO] Tests run: 0, Failures: 0, Errors: 0, Skipped: 0"],
                true
            ),
            (0, 1)
        );
    }

    #[test]
    fn results_of_swift_are_counted() {
        let lines = [
            "◇ Test one() started.",
            "✔ Test one() passed after 0.001 seconds.",
            "✘ Test two() failed after 0.001 seconds with 1 issue.",
            "✘ Test three() skipped: \"because\"",
            "✘ Test run with 3 tests failed after 0.002 seconds with 1 issue.",
        ];
        assert_eq!(end(&lines, false), (1, 1));
        let passed = ["✔ Test run with 1 test passed after 0.001 seconds."];
        assert_eq!(end(&passed, true), (1, 0));
        let none = ["✔ Test run with 0 tests passed after 0.001 seconds."];
        assert_eq!(end(&none, true), (0, 1));
    }

    #[test]
    fn tests_that_skip_themselves_are_counted() {
        for lines in [
            ["66 passed, 2 skipped in 69.55s (0:01:09)", ""],
            [
                "test result: ok. 3 passed; 0 failed; 2 ignored; 0 measured",
                "",
            ],
            ["# pass 7", "# skipped 2"],
            [
                "[WARNING] Tests run: 9, Failures: 0, Errors: 0, Skipped: 2",
                "",
            ],
        ] {
            let mut counts = Counts::default();
            for line in lines {
                counts.read(line);
            }
            let end = counts.end(true);
            assert!(matches!(end, End::Ran { skipped: 2, .. }), "{lines:?}");
        }
    }

    #[test]
    fn a_check_counts_as_one() {
        assert_eq!(end(&[], true), (1, 0));
        assert_eq!(end(&[], false), (0, 1));
    }

    #[test]
    fn a_runner_without_tests_has_failed() {
        let none = ["test result: ok. 0 passed; 0 failed; 0 ignored"];
        assert_eq!(end(&none, true), (0, 1));
    }

    #[test]
    fn a_command_that_fails_after_its_tests_has_failed() {
        let passed = ["test result: ok. 3 passed; 0 failed; 0 ignored"];
        assert_eq!(end(&passed, false), (3, 1));
    }
}
