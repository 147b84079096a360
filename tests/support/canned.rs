//! An HTTP server that gives canned answers, for what neither AWS nor an emulator does on request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub struct Canned {
    endpoint: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    /// Gives the answers in turn, the last one for ever. An empty answer closes the connection
    /// without one.
    pub fn start(answers: &[String]) -> Self {
        let answers = answers.to_vec();
        Self::serving(move |_, nth| {
            answers.get(nth).or(answers.last()).cloned().unwrap_or_default()
        })
    }

    /// Answers each request, which is also counted, on a thread of its own.
    pub fn serving(answer: impl Fn(&str, usize) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&requests));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                thread::spawn(move || {
                    let Some(request) = read_request(&stream) else { return };
                    let mut seen = seen.lock().expect("no test panics with the lock");
                    let nth = seen.len();
                    seen.push(request.clone());
                    drop(seen);
                    let _ = (&stream).write_all(answer(&request, nth).as_bytes());
                });
            }
        });
        Self { endpoint, requests }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Request line, headers and body of each request so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no test panics with the lock").clone()
    }
}

fn read_request(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let (mut text, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        text.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    text.push_str(&String::from_utf8_lossy(&body));
    Some(text)
}

/// `status` with its reason: `200 OK`. `headers` end each with a line break, or are empty.
pub fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// An answer of IAM's.
pub fn iam(operation: &str, result: &str) -> String {
    let space = "https://iam.amazonaws.com/doc/2010-05-08/";
    let body = format!(
        "<{operation}Response \
            xmlns=\"{space}\"><{operation}Result>{result}</{operation}Result></{operation}Response>"
    );
    answer("200 OK", "", &body)
}

/// An error of IAM's.
pub fn iam_error(status: &str, code: &str, message: &str) -> String {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>r-1</RequestId></ErrorResponse>"
    );
    answer(status, "x-amzn-requestid: r-1\r\n", &body)
}
