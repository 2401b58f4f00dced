//! One server process: started pinned, asked for what its request must carry, stopped with a signal.
//!
//! ```text
//! Peer::start(name, under) ──▶ stdout: `port 40123`, then header lines, then `ready` ──▶ stop() ──▶ stdout: `allocations N`
//! ```

use std::{
    error::Error,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
};

pub type Failed = Box<dyn Error>;

/// Who takes part, in the order of the tables.
pub const NAMES: [&str; 12] = [
    "hyper",
    "axum",
    "axum-login",
    "actix",
    "actix-jwt",
    "nginx",
    "adapter",
    "adapter-gates",
    "adapter-chain",
    "enfilade-bare",
    "enfilade-gates",
    "enfilade",
];

pub struct Peer {
    child: Child,
    out: BufReader<ChildStdout>,
    pub name: &'static str,
    pub port: u16,
    /// What each request to it carries.
    pub headers: Vec<String>,
}

impl Peer {
    /// Starts a server; `under` is what its command runs under, such as valgrind.
    pub fn start(name: &'static str, under: &[&str]) -> Result<Self, Failed> {
        let this = std::env::current_exe()?;
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).args(under);
        match name {
            "nginx" => command.args(["nginx", "-e", "stderr", "-p", "/tmp", "-c", &nginx_conf()?]),
            _ => command.arg(this).args(["serve", name]),
        };
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut peer = Self { child, out, name, port: 0, headers: Vec::new() };
        if name == "nginx" {
            peer.port = 40_444;
            while TcpStream::connect(("127.0.0.1", peer.port)).is_err() {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            return Ok(peer);
        }
        for line in (&mut peer.out).lines() {
            let line = line?;
            match line.split_once(' ') {
                Some(("port", port)) => peer.port = port.parse()?,
                Some(_) => peer.headers.push(line),
                None => return Ok(peer),
            }
        }
        Err(format!("{name} ended before it was ready").into())
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Nanoseconds of CPU that all of its threads took so far.
    pub fn cpu(&self) -> Result<u64, Failed> {
        let mut sum = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            sum += text.split(' ').next().unwrap_or("0").parse::<u64>()?;
        }
        Ok(sum)
    }

    /// Sends requests one after the other over one connection, and checks that each is answered with 200.
    pub fn ask(&self, times: u32) -> Result<(), Failed> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_nodelay(true)?;
        let mut request = String::from("GET / HTTP/1.1\r\nhost: localhost\r\n");
        for header in &self.headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        let mut answer = [0; 4096];
        for _ in 0..times {
            stream.write_all(request.as_bytes())?;
            let mut read = 0;
            // Every answer ends with the same twelve bytes.
            while !answer[..read].ends_with(b"hello world\n") {
                let more = stream.read(&mut answer[read..])?;
                if more == 0 {
                    return Err(format!("{}: {}", self.name, String::from_utf8_lossy(&answer[..read])).into());
                }
                read += more;
            }
            if !answer.starts_with(b"HTTP/1.1 200") {
                return Err(format!("{}: {}", self.name, String::from_utf8_lossy(&answer[..read])).into());
            }
        }
        Ok(())
    }

    /// Ends the process; returns the allocations that it counted.
    pub fn stop(mut self) -> Result<u64, Failed> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let mut text = String::new();
        self.out.read_to_string(&mut text)?;
        self.child.wait()?;
        Ok(text.trim().strip_prefix("allocations ").map_or(Ok(0), str::parse)?)
    }
}

/// A configuration for one worker in the foreground.
fn nginx_conf() -> Result<String, Failed> {
    let path = "/tmp/enfilade-peers-nginx.conf";
    fs::write(
        path,
        "daemon off; master_process off; pid /tmp/enfilade-peers-nginx.pid; error_log stderr crit;
         events { worker_connections 256; }
         http { access_log off; keepalive_requests 1000000000; server_tokens off;
           server { listen 127.0.0.1:40444; location / { default_type text/plain; return 200 \"hello world\\n\"; } } }",
    )?;
    Ok(path.to_owned())
}
