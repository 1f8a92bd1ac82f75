//! The road to a server, which may swallow what is on it without a word, as a firewall does that has forgotten.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A port that leads to another one.
pub struct Road {
    pub port: u16,
    made: Arc<AtomicUsize>,
    /// Connections of a lower number are dumb.
    dumb: Arc<AtomicUsize>,
}

impl Road {
    /// Builds a road to a port of this machine.
    pub fn to(port: u16) -> Road {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let road = Road { port: listener.local_addr().unwrap().port(), made: Arc::default(), dumb: Arc::default() };
        let (made, dumb) = (Arc::clone(&road.made), Arc::clone(&road.dumb));
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let far = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
                let number = made.fetch_add(1, Ordering::SeqCst);
                let halves = [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)];
                for (from, to) in halves {
                    let dumb = Arc::clone(&dumb);
                    std::thread::spawn(move || carry(from, to, number, &dumb));
                }
            }
        });
        road
    }

    /// Lets all connections there are say nothing more, in either direction. New ones are as before.
    pub fn swallow(&self) {
        self.dumb.store(self.made.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, number: usize, dumb: &AtomicUsize) {
    let mut bytes = [0; 16_384];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if number >= dumb.load(Ordering::SeqCst) && to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
