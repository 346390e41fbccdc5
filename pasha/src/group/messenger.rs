//! The link with heartbeats, numbers of steps, and what is known of the other ranks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::link::{Link, Message};
use super::shared_link::SharedLink;
use super::wire::{Put, Take};

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum MessageKind {
    /// Nothing but that the rank is alive.
    Beat = 1,
    /// The rank takes part in nothing any more.
    Left,
    /// A rank is lost: its number, and why it is thought so.
    Lost,
    /// A rank's host and workers, or those of all.
    Members,
    /// What a rank says before something collective, or what came of it.
    Agree,
    /// A rank asks for items.
    Claim,
    /// Items that a rank gets.
    Grant,
    /// No items are left to be claimed.
    Over,
    /// Slots that are finished.
    Slots,
    /// An item that failed.
    Failed,
    /// The map is to stop.
    Stop,
    /// The workers of a rank have ended, and all of their slots are sent.
    Ended,
    /// What came of the map.
    Verdict,
    /// What the workers of a rank, or of all, have accumulated.
    Part,
}

impl MessageKind {
    const ALL: [MessageKind; 14] = [
        MessageKind::Beat,
        MessageKind::Left,
        MessageKind::Lost,
        MessageKind::Members,
        MessageKind::Agree,
        MessageKind::Claim,
        MessageKind::Grant,
        MessageKind::Over,
        MessageKind::Slots,
        MessageKind::Failed,
        MessageKind::Stop,
        MessageKind::Ended,
        MessageKind::Verdict,
        MessageKind::Part,
    ];
}

/// Why a rank is taken for lost that has sent something else than such a message.
pub(crate) fn not_understood(kind: MessageKind) -> String {
    format!("its message can't be understood ({kind:?})")
}

/// Why a rank is taken for lost that has left while others wait for it in a map.
pub(crate) const ENDED_IN_A_MAP: &str = "the program has ended there in the middle of a map";

/// A rank that is lost, and why it is thought so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LostRank {
    pub(crate) rank: usize,
    pub(crate) reason: String,
}

/// What is known of another rank.
#[derive(Clone, Copy, Debug)]
struct PeerState {
    /// When it was heard of last.
    heard: Instant,
    /// The number of steps that it had taken when it left, if it has.
    left: Option<usize>,
}

/// The bytes before what a message says: its kind and its step.
pub(crate) const HEAD: usize = 16;

/// How many heartbeats a rank sends in the time after which it is taken for lost.
const BEATS: u32 = 8;

/// The link with what every link needs.
#[derive(Debug)]
pub(crate) struct Messenger {
    link: Option<Arc<SharedLink>>,
    rank: usize,
    known: Vec<PeerState>,
    /// Messages of later steps than this rank's.
    early: VecDeque<(usize, MessageKind, Vec<u8>)>,
    /// The number of the collective step that is under way, or was last.
    step: usize,
    lost: Option<LostRank>,
    patience: Duration,
    /// When this rank looked last: a process that was stopped itself has heard of nobody.
    looked: Instant,
    /// Messages sent, but for heartbeats, and those of them that ask for items.
    pub(crate) sent: usize,
    pub(crate) claims: usize,
}

impl Messenger {
    /// A messenger over this link, which has been used for nothing yet.
    pub(crate) fn new(link: Box<dyn Link>, patience: Duration) -> Messenger {
        let (now, rank, size) = (Instant::now(), link.rank(), link.size());
        // Rank 0 is watched by all, and watches all.
        let watched = (0..size).filter(|&other| other != rank && (rank == 0 || other == 0));
        let mut beat = Vec::with_capacity(HEAD);
        beat.put(MessageKind::Beat as usize);
        beat.put(0);
        let link = SharedLink::new(link, Arc::new(beat), watched);
        link.beat_every(patience / BEATS);
        Messenger {
            rank,
            known: vec![PeerState { heard: now, left: None }; size],
            early: VecDeque::new(),
            step: 0,
            lost: None,
            patience,
            looked: now,
            sent: 0,
            claims: 0,
            link: Some(Arc::new(link)),
        }
    }

    /// A messenger without other ranks.
    pub(crate) fn nobody() -> Messenger {
        let now = Instant::now();
        Messenger {
            link: None,
            rank: 0,
            known: Vec::new(),
            early: VecDeque::new(),
            step: 0,
            lost: None,
            patience: Duration::MAX,
            looked: now,
            sent: 0,
            claims: 0,
        }
    }

    /// Takes a rank for lost that is silent for longer than this.
    pub(crate) fn set_patience(&mut self, patience: Duration) {
        if patience != self.patience {
            self.patience = patience;
            self.link.iter().for_each(|link| link.beat_every(patience / BEATS));
            // They may have sent as seldom as was agreed on before.
            let now = Instant::now();
            self.known.iter_mut().for_each(|known| known.heard = now);
        }
    }

    /// The link, for the thread that sends heartbeats.
    pub(super) fn shared_link(&self) -> Option<Arc<SharedLink>> {
        self.link.clone()
    }

    /// The number of this rank.
    pub(crate) fn rank(&self) -> usize {
        self.rank
    }

    /// The other ranks.
    pub(crate) fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let rank = self.rank;
        (0..self.known.len()).filter(move |&other| other != rank)
    }

    /// Begins the next collective step.
    pub(crate) fn begin_step(&mut self) {
        self.step += 1;
        let step = self.step;
        self.early.retain(|(_, _, message)| head(message).is_some_and(|(_, of)| of >= step));
    }

    /// The number of steps that a rank had taken when it left, if it has.
    pub(crate) fn left(&self, rank: usize) -> Option<usize> {
        self.known[rank].left
    }

    /// A message of this step to be filled.
    pub(crate) fn message(&self, kind: MessageKind) -> Vec<u8> {
        let mut message = Vec::with_capacity(4 * HEAD);
        message.put(kind as usize);
        message.put(self.step);
        message
    }

    /// Sends a message to a rank.
    pub(crate) fn send(&mut self, to: usize, message: Message) -> Result<(), LostRank> {
        self.check()?;
        self.sent += 1;
        self.claims +=
            usize::from(head(&message).is_some_and(|(kind, _)| kind == MessageKind::Claim));
        self.pass_on(to, message)
    }

    /// Sends a message to all other ranks.
    pub(crate) fn send_all(&mut self, message: Vec<u8>) -> Result<(), LostRank> {
        let message = Arc::new(message);
        self.others().try_for_each(|to| self.send(to, Arc::clone(&message)))
    }

    fn pass_on(&mut self, to: usize, message: Message) -> Result<(), LostRank> {
        let Some(link) = &self.link else { return Ok(()) };
        if self.known[to].left.is_some() {
            return Ok(());
        }
        match link.with(|link| link.send(to, message)) {
            Some(Err(gone)) => self.lose_unless_left(gone.rank, gone.reason),
            Some(Ok(())) | None => Ok(()),
        }
    }

    /// The bytes that are under way.
    pub(crate) fn unsent(&self) -> usize {
        self.link.as_ref().and_then(|link| link.with(|link| link.unsent())).unwrap_or(0)
    }

    /// Waits until there may be something to receive, but no longer than this.
    pub(crate) fn wait(&mut self, at_most: Duration) {
        if let Some(link) = &self.link {
            link.with(|link| link.wait(at_most));
        }
    }

    /// The next message of this step, without its head; `None` if there is none now.
    ///
    /// # Errors
    /// The rank that is lost; the group has lost it for ever.
    pub(crate) fn receive(&mut self) -> Result<Option<(usize, MessageKind, Vec<u8>)>, LostRank> {
        self.look(Instant::now())?;
        if let Some(place) = self.early.iter().position(|(_, _, message)| self.is_due(message)) {
            return Ok(self.early.remove(place));
        }
        while let Some((from, message)) = self.take_in()? {
            let Some((kind, step)) = head(&message) else { continue };
            match kind {
                MessageKind::Beat => {}
                MessageKind::Left => {
                    self.known[from].left = Some(step);
                    self.link.iter().for_each(|link| link.note_left(from));
                }
                MessageKind::Lost => {
                    let mut rest = &message[HEAD..];
                    let (rank, reason) = (rest.take(), rest.take_text());
                    if let (Some(rank), Some(reason)) = (rank, reason) {
                        self.lost.get_or_insert(LostRank { rank, reason });
                    }
                    self.check()?;
                }
                kind if step == self.step => return Ok(Some((from, kind, message))),
                kind if step > self.step => self.early.push_back((from, kind, message)),
                // Of a step that is over.
                _ => {}
            }
        }
        Ok(None)
    }

    fn is_due(&self, message: &[u8]) -> bool {
        head(message).is_some_and(|(_, step)| step == self.step)
    }

    /// The next message of any kind.
    fn take_in(&mut self) -> Result<Option<(usize, Vec<u8>)>, LostRank> {
        let Some(link) = &self.link else { return Ok(None) };
        match link.with(|link| link.receive()) {
            Some(Ok(Some((from, message)))) => {
                self.known[from].heard = Instant::now();
                Ok(Some((from, message)))
            }
            Some(Ok(None)) | None => Ok(None),
            Some(Err(gone)) => self.lose_unless_left(gone.rank, gone.reason).map(|()| None),
        }
    }

    /// Sends heartbeats where they are due, and looks whether a rank has been silent for too long.
    fn look(&mut self, now: Instant) -> Result<(), LostRank> {
        self.check()?;
        if now.duration_since(self.looked) < self.patience / BEATS {
            return Ok(());
        }
        if now.duration_since(self.looked) > self.patience / 2 {
            // This process was stopped, and what the others have sent meanwhile is not looked at.
            self.known.iter_mut().for_each(|known| known.heard = now);
        }
        self.looked = now;
        let Some(link) = self.link.clone() else { return Ok(()) };
        link.note_beat(now);
        for rank in link.watched() {
            self.pass_on(rank, link.heartbeat())?;
            let PeerState { heard, left } = self.known[rank];
            let silent = now.duration_since(heard);
            if left.is_none() && silent > self.patience {
                return self.lose_unless_left(
                    rank,
                    format!("nothing has been heard of it for {:.1} s", silent.as_secs_f64()),
                );
            }
        }
        Ok(())
    }

    /// Does what is to be done while this process does nothing collective: messages are kept for
    /// later.
    pub(crate) fn idle(&mut self, now: Instant) {
        // What is lost is told by the next collective call; what comes for a step that is over is
        // of no use any more.
        if self.look(now).is_ok() {
            while let Ok(Some(_)) = self.receive() {}
        }
    }

    /// As [`lose`](Self::lose), but one that had left is not missed.
    pub(crate) fn lose_unless_left(&mut self, rank: usize, reason: String) -> Result<(), LostRank> {
        match self.known[rank].left {
            Some(_) => Ok(()),
            None => self.lose(rank, reason),
        }
    }

    /// Notes that a rank is lost, and tells the others.
    pub(crate) fn lose(&mut self, rank: usize, reason: String) -> Result<(), LostRank> {
        if self.lost.is_none() {
            self.lost = Some(LostRank { rank, reason: reason.clone() });
            let mut message = self.message(MessageKind::Lost);
            message.put(rank);
            message.put_bytes(reason.as_bytes());
            let message = Arc::new(message);
            for other in self.others().filter(|&other| other != rank) {
                // That another one can't be told either changes nothing.
                let _ = self.pass_on(other, Arc::clone(&message));
            }
            self.flush(Duration::from_millis(200));
        }
        self.check()
    }

    /// The rank that is lost, if one is.
    pub(crate) fn check(&self) -> Result<(), LostRank> {
        self.lost.clone().map_or(Ok(()), Err)
    }

    /// Waits until nothing is under way any more, but no longer than this.
    fn flush(&mut self, at_most: Duration) {
        let begun = Instant::now();
        while self.unsent() > 0 && begun.elapsed() < at_most {
            if let Some(link) = &self.link
                && let Some(Ok(Some(message))) = link.with(|link| link.receive())
                && let Some((kind, step)) = head(&message.1)
                && step > self.step
            {
                self.early.push_back((message.0, kind, message.1));
            }
            self.wait(Duration::from_millis(1));
        }
    }

    /// Tells the others that this rank takes part in nothing any more.
    pub(crate) fn leave(&mut self) {
        let Some(link) = self.link.clone() else { return };
        if self.lost.is_some() {
            // The others have been told of that, and what is lost takes no farewell.
            link.with(|link| link.abort());
        } else {
            // Only rank 0 is waited for by all, and waits for all.
            let all = self.rank == 0 || link.with(|link| link.tells_of_ends()) == Some(true);
            let message = Arc::new(self.message(MessageKind::Left));
            for other in self.others().filter(|&other| all || other == 0) {
                // Whoever is gone need not be told.
                let _ = self.pass_on(other, Arc::clone(&message));
            }
            self.flush(self.patience);
        }
        link.end();
        self.link = None;
        let reason =
            "it has left the other ranks: the program is about to end, or has finalized MPI";
        self.lost.get_or_insert(LostRank { rank: self.rank, reason: reason.to_owned() });
    }
}

/// The kind and the step of a message.
fn head(message: &[u8]) -> Option<(MessageKind, usize)> {
    let mut rest = message;
    let (kind, step) = (rest.take()?, rest.take()?);
    Some((MessageKind::ALL.into_iter().find(|&one| one as usize == kind)?, step))
}
