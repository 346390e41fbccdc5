//! A group of processes on this machine, which are forked from one: messages go through pairs of
//! sockets. It is how `cargo test` runs maps over several ranks without MPI.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};

use super::link::{Link, Message, Unreachable};

/// The bytes before a message: its length.
const LENGTH_BYTES: usize = 8;

/// One rank's ends of the pairs.
#[derive(Debug)]
pub(crate) struct SocketLink {
    rank: usize,
    /// By rank; none for this one.
    peers: Vec<Option<Peer>>,
    /// The peer to be asked first the next time, so that none is left out.
    next: usize,
}

#[derive(Debug)]
struct Peer {
    stream: UnixStream,
    sending: VecDeque<(Message, usize)>,
    header: [u8; LENGTH_BYTES],
    body: Vec<u8>,
    /// Bytes of header and body that are here.
    received: usize,
}

impl Peer {
    fn new(stream: UnixStream) -> io::Result<Peer> {
        stream.set_nonblocking(true)?;
        let (header, body) = ([0; LENGTH_BYTES], Vec::new());
        Ok(Peer { stream, sending: VecDeque::new(), header, body, received: 0 })
    }

    /// Sends as much as the socket takes. Whoever does not take anything any more may have sent
    /// something before, which is received first; then its end is seen.
    fn push(&mut self) {
        if self.try_push().is_err() {
            self.sending.clear();
        }
    }

    fn try_push(&mut self) -> io::Result<()> {
        while let Some((message, sent)) = self.sending.front_mut() {
            let header = (message.len() as u64).to_le_bytes();
            let rest = match *sent {
                sent if sent < LENGTH_BYTES => &header[sent..],
                sent => &message[sent - LENGTH_BYTES..],
            };
            if rest.is_empty() {
                self.sending.pop_front();
                continue;
            }
            match self.stream.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => *sent += bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Receives what is there; a message, once it is whole.
    fn pull(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if self.received >= LENGTH_BYTES {
                let len = u64::from_le_bytes(self.header) as usize;
                if self.body.len() < len && self.received == LENGTH_BYTES {
                    self.body = vec![0; len];
                }
                if self.received - LENGTH_BYTES == len {
                    self.received = 0;
                    return Ok(Some(std::mem::take(&mut self.body)));
                }
            }
            let room = match self.received {
                received if received < LENGTH_BYTES => &mut self.header[received..],
                received => &mut self.body[received - LENGTH_BYTES..],
            };
            match self.stream.read(room) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(bytes) => self.received += bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl SocketLink {
    /// The links of a group of this many ranks, of which each process keeps its own.
    ///
    /// # Errors
    /// If the process can't have so many sockets.
    pub(crate) fn group(size: usize) -> io::Result<Vec<SocketLink>> {
        let none = |rank| SocketLink { rank, peers: (0..size).map(|_| None).collect(), next: 0 };
        let mut links: Vec<SocketLink> = (0..size).map(none).collect();
        for low in 0..size {
            for high in low + 1..size {
                let (one, other) = UnixStream::pair()?;
                links[low].peers[high] = Some(Peer::new(one)?);
                links[high].peers[low] = Some(Peer::new(other)?);
            }
        }
        Ok(links)
    }

    /// Gives up a rank whose socket failed: it is told once.
    fn end(&mut self, rank: usize, error: &io::Error) -> Unreachable {
        self.peers[rank] = None;
        let reason = match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset => "its process has ended".to_owned(),
            _ => error.to_string(),
        };
        Unreachable { rank, reason }
    }
}

impl Link for SocketLink {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.peers.len()
    }

    fn send(&mut self, to: usize, message: Message) -> Result<(), Unreachable> {
        let Some(peer) = self.peers.get_mut(to).and_then(Option::as_mut) else { return Ok(()) };
        peer.sending.push_back((message, 0));
        peer.push();
        Ok(())
    }

    fn receive(&mut self) -> Result<Option<(usize, Vec<u8>)>, Unreachable> {
        let size = self.peers.len();
        for rank in (self.next..size).chain(0..self.next) {
            let Some(peer) = &mut self.peers[rank] else { continue };
            peer.push();
            match peer.pull() {
                Ok(Some(message)) => {
                    self.next = (rank + 1) % size;
                    return Ok(Some((rank, message)));
                }
                Ok(None) => {}
                Err(error) => return Err(self.end(rank, &error)),
            }
        }
        Ok(None)
    }

    fn unsent(&self) -> usize {
        let of_peer = |peer: &Peer| {
            peer.sending
                .iter()
                .map(|(message, sent)| LENGTH_BYTES + message.len() - sent)
                .sum::<usize>()
        };
        self.peers.iter().flatten().map(of_peer).sum()
    }

    fn tells_of_ends(&self) -> bool {
        true
    }

    fn wait(&mut self, at_most: Duration) {
        let mut fds: Vec<PollFd<'_>> = self
            .peers
            .iter()
            .flatten()
            .map(|peer| {
                let out = if peer.sending.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
                PollFd::new(&peer.stream, PollFlags::IN | out)
            })
            .collect();
        // Whatever it says, the next call of `receive` finds out more.
        let _ = Timespec::try_from(at_most).map(|time| rustix::event::poll(&mut fds, Some(&time)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn receive(link: &mut SocketLink, other: &mut SocketLink) -> (usize, Vec<u8>) {
        loop {
            if let Some(message) = link.receive().unwrap() {
                return message;
            }
            assert_eq!(other.receive().unwrap(), None);
        }
    }

    #[test]
    fn messages_of_any_length_come_whole_and_in_order() {
        let mut links = SocketLink::group(2).unwrap();
        let (mut one, mut zero) = (links.pop().unwrap(), links.pop().unwrap());
        let lengths = [0, 1, 7, 8, 9, 100_000, 3_000_000, 0, 5];
        for (number, &len) in lengths.iter().enumerate() {
            zero.send(1, Arc::new(vec![number as u8; len])).unwrap();
        }
        for (number, &len) in lengths.iter().enumerate() {
            assert_eq!(receive(&mut one, &mut zero), (0, vec![number as u8; len]));
        }
        assert_eq!(zero.unsent(), 0);
    }

    #[test]
    fn a_rank_that_has_ended_is_told_after_what_it_had_sent() {
        let mut links = SocketLink::group(3).unwrap();
        let (mut two, mut one) = (links.pop().unwrap(), links.pop().unwrap());
        two.send(1, Arc::new(b"last words".to_vec())).unwrap();
        drop(two);
        assert_eq!(one.receive().unwrap(), Some((2, b"last words".to_vec())));
        let lost = one.receive().unwrap_err();
        assert_eq!((lost.rank, lost.reason.as_str()), (2, "its process has ended"));
        assert_eq!(one.receive(), Ok(None), "it is told once");
    }
}
