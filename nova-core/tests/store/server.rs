//! A Redis server of its own for each test: on an unused port of the loopback address, in a folder that goes with it.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running server; dropping it ends its process.
pub struct Server {
    pub port: u16,
    /// What else it was started with.
    arguments: Vec<String>,
    folder: TempDir,
    process: Child,
}

impl Server {
    pub fn start() -> Server {
        Server::start_with(&[], |_| {})
    }

    /// Starts one with further arguments, after its folder was prepared.
    pub fn start_with(arguments: &[&str], prepare: impl Fn(&Path)) -> Server {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        // Somebody else may take the port between our look and the server's.
        for _ in 0..5 {
            let (port, folder) = (unused_port(), tempfile::tempdir().unwrap());
            prepare(folder.path());
            let process = run(port, &arguments, folder.path());
            let mut server = Server { port, arguments: arguments.clone(), folder, process };
            if server.is_up() {
                return server;
            }
        }
        panic!("redis-server {arguments:?} does not start; run it by hand to see why");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it once more at the same address, with nothing of what it knew.
    pub fn start_again(&mut self) {
        self.process = run(self.port, &self.arguments, self.folder.path());
        assert!(self.is_up(), "it does not start again");
    }

    /// Waits until it answers anything at all, be it that we have no password.
    fn is_up(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.process.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "redis-server does not answer");
            if answers(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    /// Sends it a signal: `STOP` or `CONT`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A node of a cluster takes the port ten thousand above its own too, so that one must be a port.
fn unused_port() -> u16 {
    let unused = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    std::iter::repeat_with(unused).find(|port| *port < 55_000).unwrap()
}

fn run(port: u16, arguments: &[String], folder: &Path) -> Child {
    let port = port.to_string();
    // Where TLS has the port, plain words have none.
    let port = if arguments.iter().any(|argument| argument == "--tls-cert-file") {
        ["--port", "0", "--tls-port", &port].map(str::to_owned).to_vec()
    } else {
        ["--port", &port].map(str::to_owned).to_vec()
    };
    Command::new("redis-server")
        .args(port)
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "redis-server is needed, and cannot be started ({error}); get it with `apt-get install redis-server`"
            )
        })
}

/// A server for TLS hangs up on a plain word, which is an answer too; silence is none.
fn answers(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(1)) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    match stream.write_all(b"PING\r\n").and_then(|()| stream.read(&mut [0; 64])) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}
