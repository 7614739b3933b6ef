//! A receiver of webhooks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// A received webhook: signature and body.
pub(crate) struct Word {
    pub(crate) signature: String,
    pub(crate) body: Vec<u8>,
}

/// Answers webhooks with these statuses, one after the other; then it closes.
pub(crate) fn receive(statuses: &'static [u16]) -> (SocketAddr, Receiver<Word>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (tell, told) = channel();
    thread::spawn(move || {
        for status in statuses {
            let (stream, _) = listener.accept().expect("a call");
            stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
            let mut stream = BufReader::new(stream);
            let (mut length, mut signature) = (0, String::new());
            let mut line = String::new();
            while stream.read_line(&mut line).expect("a line") > 2 {
                if let Some((name, value)) = line.trim().split_once(": ") {
                    match name.to_ascii_lowercase().as_str() {
                        "content-length" => length = value.parse().expect("a length"),
                        "x-theoremata-signature" => value.clone_into(&mut signature),
                        _ => {}
                    }
                }
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).expect("a body");
            let answer = format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.get_mut().write_all(answer.as_bytes()).expect("an answer");
            tell.send(Word { signature, body }).expect("somebody listens");
        }
    });
    (address, told)
}
