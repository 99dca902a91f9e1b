//! A slow server of web pages.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Starts a slow server: `/page` takes 60 ms, `/stream` takes 20 ms for each piece and does not end for two
/// seconds, `/half` ends after half a second. Returns its port.
pub(crate) fn start() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    port
}

/// Answers one client; a client that has left, as a killed one does, is not an error.
fn answer(mut stream: TcpStream) -> Option<()> {
    let mut request = [0; 1024];
    let length = stream.read(&mut request).ok()?;
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    let pieces = match request.split(' ').nth(1)? {
        "/page" => 3,
        "/half" => 25,
        _ => 100,
    };
    let piece = [b'x'; 4096];
    let head =
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", pieces * piece.len());
    stream.write_all(head.as_bytes()).ok()?;
    for _ in 0..pieces {
        thread::sleep(Duration::from_millis(20));
        stream.write_all(&piece).ok()?;
    }
    Some(())
}
