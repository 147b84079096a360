//! A proxy before a server, in whose hands requests and answers go wrong: the network between
//! relayctl and AWS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The harm done to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Harm {
    None,
    /// The connection breaks before the server sees the request.
    Reset,
    /// The server does it, and the answer is lost.
    Drop,
    Delay,
    Throttle,
    /// The server is ill, and does nothing.
    Fail,
}

/// In the order in which they are drawn.
const HARMS: [Harm; 5] = [Harm::Reset, Harm::Drop, Harm::Delay, Harm::Throttle, Harm::Fail];

const DELAY: Duration = Duration::from_millis(120);

/// moto's threads get in each other's way: "dictionary changed size during iteration".
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

struct Shared {
    upstream: String,
    /// Of a hundred requests, so many are harmed.
    share: u64,
    harms: &'static [Harm],
    /// Splitmix64.
    dice: Mutex<u64>,
    harmed: [AtomicUsize; HARMS.len()],
    requests: AtomicUsize,
    secrets: Mutex<Vec<String>>,
}

pub struct Proxy {
    endpoint: String,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Of a hundred requests `share` are harmed. `upstream`: `http://127.0.0.1:1234`.
    pub fn bad(upstream: &str, share: u64, seed: u64) -> Self {
        Self::start(upstream, share, &HARMS, seed)
    }

    /// Every request takes its time.
    pub fn slow(upstream: &str) -> Self {
        Self::start(upstream, 100, &[Harm::Delay], 0)
    }

    pub fn good(upstream: &str) -> Self {
        Self::start(upstream, 0, &[], 0)
    }

    fn start(upstream: &str, share: u64, harms: &'static [Harm], seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared {
            upstream: upstream.trim_start_matches("http://").to_owned(),
            share,
            harms,
            dice: Mutex::new(seed),
            harmed: Default::default(),
            requests: AtomicUsize::new(0),
            secrets: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let serving = Arc::clone(&serving);
                // Whoever hangs up on the proxy is no business of the test's.
                thread::spawn(move || drop(serving.serve(&stream)));
            }
        });
        Self { endpoint, shared }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// On a bad way: requests, and of them: reset, answers dropped, delayed, throttled, failed.
    pub fn told(&self) -> (usize, [usize; HARMS.len()]) {
        let harmed = self.shared.harmed.each_ref().map(|count| count.load(Ordering::Relaxed));
        (self.shared.requests.load(Ordering::Relaxed), harmed)
    }

    /// Every secret that the server gave out.
    pub fn secrets(&self) -> Vec<String> {
        self.shared.secrets.lock().expect("no thread panics").clone()
    }
}

impl Shared {
    fn serve(&self, client: &TcpStream) -> std::io::Result<()> {
        let Some(request) = read_request(client)? else { return Ok(()) };
        self.requests.fetch_add(1, Ordering::Relaxed);
        let answer = match self.drawn() {
            Harm::Reset => return Ok(()),
            Harm::Throttle => refusal(&request, true),
            Harm::Fail => refusal(&request, false),
            Harm::Drop => {
                self.forwarded(&request)?;
                return Ok(());
            }
            Harm::Delay => {
                thread::sleep(DELAY);
                self.forwarded(&request)?
            }
            Harm::None => self.forwarded(&request)?,
        };
        (&*client).write_all(&answer)
    }

    fn drawn(&self) -> Harm {
        let mut dice = self.dice.lock().expect("no thread panics");
        if next(&mut dice) % 100 >= self.share {
            return Harm::None;
        }
        let which =
            usize::try_from(next(&mut dice) % self.harms.len() as u64).expect("a small number");
        self.harmed[which].fetch_add(1, Ordering::Relaxed);
        self.harms[which]
    }

    fn forwarded(&self, request: &[u8]) -> std::io::Result<Vec<u8>> {
        let _alone = ONE_AT_A_TIME.lock().expect("no thread panics");
        let mut server = TcpStream::connect(&self.upstream)?;
        server.write_all(request)?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        let text = String::from_utf8_lossy(&answer);
        if let Some((_, rest)) = text.split_once("<SecretAccessKey>") {
            let secret = rest.split('<').next().unwrap_or_default().to_owned();
            self.secrets.lock().expect("no thread panics").push(secret);
        }
        Ok(answer)
    }
}

/// The next number of splitmix64.
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The whole request, with word to the server that it closes the connection afterwards.
fn read_request(client: &TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut reader = BufReader::new(client);
    let (mut request, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            break;
        }
        if lower.starts_with("expect:") {
            (&*client).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        } else if !lower.starts_with("connection:") {
            request.extend_from_slice(line.as_bytes());
        }
    }
    request.extend_from_slice(b"Connection: close\r\n\r\n");
    let head = request.len();
    request.resize(head + length, 0);
    reader.read_exact(&mut request[head..])?;
    Ok(Some(request))
}

/// As the service asked would say it: S3 in its own form, IAM and STS in that of the query
/// protocol.
fn refusal(request: &[u8], throttle: bool) -> Vec<u8> {
    let is_query = String::from_utf8_lossy(request).contains("Action=");
    let error =
        |code: &str| format!("<Error><Code>{code}</Code><Message>try again</Message></Error>");
    let query = |code: &str| {
        format!("<ErrorResponse>{}<RequestId>r-1</RequestId></ErrorResponse>", error(code))
    };
    let (status, body) = match (is_query, throttle) {
        (true, true) => ("400 Bad Request", query("Throttling")),
        (true, false) => ("503 Service Unavailable", query("ServiceUnavailable")),
        (false, true) => ("503 Slow Down", error("SlowDown")),
        (false, false) => ("500 Internal Server Error", error("InternalError")),
    };
    super::canned::answer(status, "content-type: text/xml\r\n", &body).into_bytes()
}
