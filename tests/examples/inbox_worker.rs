//! A process with an inbox, for the tests to stop and kill. See `backchat_tests::inbox::worker`.

use backchat_tests::inbox::worker;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(path) = std::env::var_os("BACKCHAT_LOCK") {
        return lock(path.as_ref());
    }
    Ok(worker::run().await?)
}

/// Locks a SQLite file, says so, and keeps it locked until a line is read, or the input ends.
fn lock(path: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    let connection = rusqlite::Connection::open(path)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    println!("locked");
    std::io::stdin().read_line(&mut String::new())?;
    connection.execute_batch("ROLLBACK")?;
    println!("unlocked");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
