//! A tool host on a free local port: an HTTP server whose replies the test defines.

#![allow(dead_code)] // each file of tests uses a part of it

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method and path, as in `POST /add`.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// The host. Its threads end with the test.
pub(crate) struct Helper {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Helper {
    /// Answers each request by `reply`: status, additional header lines, and body.
    pub(crate) fn start(reply: impl Fn(&Asked, usize) -> (u16, String, String) + Send + Sync + 'static) -> Helper {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (known, reply) = (asked.clone(), Arc::new(reply));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (known, reply) = (known.clone(), reply.clone());
                thread::spawn(move || drop(answer(stream, &known, &*reply)));
            }
        });
        Helper { address, asked }
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("nobody panics").clone()
    }
}

fn answer(
    stream: TcpStream,
    known: &Mutex<Vec<Asked>>,
    reply: &dyn Fn(&Asked, usize) -> (u16, String, String),
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        if stream.read_line(&mut header)? <= 2 {
            break;
        }
        if let Some((name, value)) = header.trim().split_once(": ") {
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
    }
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().expect("a length"));
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let line = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
    let asked = Asked { line, headers, body: String::from_utf8_lossy(&body).into_owned() };
    let number = {
        let mut known = known.lock().expect("nobody panics");
        known.push(asked.clone());
        known.len() - 1
    };
    let (status, more, body) = reply(&asked, number);
    let length = body.len();
    write!(
        stream.get_mut(),
        "HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n{more}\r\n{body}"
    )
}
