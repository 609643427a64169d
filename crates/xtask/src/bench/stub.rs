//! A server that answers every POST with the same reply, as cheaply as it can.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::Done;

const BODY: &str = r#"{"id":"tx_01k8aq2zggeyssvt53zgvpx63a","to":"+33612345678","text":"Thanks for reaching out! We'll look into your request.","reply_to":"im_01k8aq2zggeyssvt53zgvpx63a","created_at":"2025-10-24T08:59:10.736925502Z"}"#;

/// Prints its address and serves, a thread for each connection, until its input ends.
pub(super) fn serve() -> Done {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            thread::spawn(move || answer(connection));
        }
    });
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn answer(mut connection: TcpStream) -> io::Result<()> {
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    connection.set_nodelay(true)?;
    let mut buffer = [0; 16 * 1024];
    let mut filled = 0;
    loop {
        let read = connection.read(&mut buffer[filled..])?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        while let Some(length) = request_length(&buffer[..filled]) {
            if length > filled {
                break;
            }
            connection.write_all(answer.as_bytes())?;
            buffer.copy_within(length..filled, 0);
            filled -= length;
        }
    }
}

/// The length of the first request with its body, once its head is whole.
fn request_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, length)| length.trim().parse::<usize>().ok())?;
    Some(head + length)
}
