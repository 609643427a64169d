//! CPU time of this process, to the nanosecond, from `/proc/self/task/*/schedstat`.

use std::fs;
use std::io;
use std::time::Duration;

/// The time that all threads of this process have run so far. (Threads that ended are not
/// counted: a measurement starts and ends with the same threads.)
pub(super) fn used() -> io::Result<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let schedstat = fs::read_to_string(task?.path().join("schedstat"))?;
        let on_cpu = schedstat.split_whitespace().next();
        nanoseconds += on_cpu.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(nanoseconds))
}
