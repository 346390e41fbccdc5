//! What the ranks make sure of before they do something together, so that none waits for one that
//! does something else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::members::Group;
use super::messenger::{HEAD, LostRank, MessageKind, Messenger};
use super::wire::{Put, Take};
use crate::error::{Error, Result};

/// What has to be the same on all ranks: names and values.
pub(crate) type Facts = Vec<(String, String)>;

/// What a rank says, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Ready(Facts),
    Failed(String),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Agreed {
    Same,
    /// This fact has one value on the first rank, and another on the second.
    Differ {
        what: String,
        ranks: [usize; 2],
        values: [String; 2],
    },
    /// This rank can't go on.
    Failed {
        rank: usize,
        reason: String,
    },
    /// No rank can, and all say the same.
    AllFailed,
    /// This rank has ended, after so many steps.
    Left {
        rank: usize,
        steps: usize,
    },
}

impl Group {
    /// Makes sure that all ranks have come to the same point with the same facts: each gets what it
    /// came with, or each an error.
    ///
    /// # Errors
    /// What one of the ranks came with; [`Error::RanksDiffer`]; [`Error::RankLost`].
    pub(crate) fn agree<T>(
        &self,
        outcome: Result<T>,
        facts: impl FnOnce(&T) -> Facts,
    ) -> Result<T> {
        let said = match &outcome {
            Ok(value) => Said::Ready(facts(value)),
            Err(error) => Said::Failed(error.to_string()),
        };
        self.say(said).and(outcome)
    }

    /// As [`agree`](Self::agree), for a rank that says this: an error is what another rank, or the
    /// difference, keeps this one from going on with.
    // Knows no type of what a rank came with, so that it is compiled once.
    fn say(&self, said: Said) -> Result<()> {
        let agreed = self.messenger().agree(said).map_err(|lost| self.error_of(&lost))?;
        let host = |rank| self.host(rank).to_owned();
        match agreed {
            Agreed::Same | Agreed::AllFailed => Ok(()),
            Agreed::Differ { what, ranks, values: [first, second] } => {
                let told = |rank: usize, value| format!("{value} on rank {rank} ({})", host(rank));
                let (first, second) = (told(ranks[0], first), told(ranks[1], second));
                Err(Error::RanksDiffer { what, first, second })
            }
            Agreed::Failed { rank, reason } => Err(Error::Rank { rank, host: host(rank), reason }),
            Agreed::Left { rank, steps } => Err(Error::Rank {
                rank,
                host: host(rank),
                reason: format!(
                    "the program has ended there, after {steps} collective steps, while other ranks \
                     go on: every rank must make the same maps"
                ),
            }),
        }
    }
}

/// How long to look for messages without a pause, where the others can't be far.
const SPIN: Duration = Duration::from_micros(500);

impl Messenger {
    /// The next message of this step, whenever it comes; `None` once `is_over` says that none will.
    pub(crate) fn next(
        &mut self,
        is_over: impl Fn(&Messenger) -> bool,
    ) -> Result<Option<(usize, MessageKind, Vec<u8>)>, LostRank> {
        let begun = Instant::now();
        loop {
            if let Some(message) = self.receive()? {
                return Ok(Some(message));
            }
            if is_over(self) {
                return Ok(None);
            }
            let waited = begun.elapsed();
            if waited > SPIN {
                self.wait((waited / 10).min(Duration::from_millis(2)));
            }
        }
    }

    fn agree(&mut self, said: Said) -> Result<Agreed, LostRank> {
        self.check()?;
        self.begin_step();
        if self.rank() == 0 {
            let agreed = self.gather(said)?;
            let mut message = self.message(MessageKind::Agree);
            agreed.write(&mut message);
            self.send_all(message)?;
            return Ok(agreed);
        }
        let mut message = self.message(MessageKind::Agree);
        said.write(&mut message);
        self.send(0, Arc::new(message))?;
        loop {
            match self.next(|messenger| messenger.left(0).is_some())? {
                Some((0, MessageKind::Agree, message)) => {
                    let agreed = Agreed::read(&mut &message[HEAD..]);
                    return Ok(agreed.unwrap_or(Agreed::Failed {
                        rank: 0,
                        reason: "its message can't be understood".to_owned(),
                    }));
                }
                Some(_) => {}
                None => {
                    return Ok(Agreed::Left { rank: 0, steps: self.left(0).unwrap_or(0) });
                }
            }
        }
    }

    /// Waits, at rank 0, for what all have to say.
    fn gather(&mut self, own: Said) -> Result<Agreed, LostRank> {
        let mut all: Vec<Option<Said>> = vec![None; 1 + self.others().count()];
        all[0] = Some(own);
        while let Some(missing) = all.iter().position(Option::is_none) {
            let gone = |messenger: &Messenger| {
                let missing = all.iter().enumerate().filter(|(_, said)| said.is_none());
                missing.map(|(rank, _)| rank).any(|rank| messenger.left(rank).is_some())
            };
            match self.next(gone)? {
                Some((from, MessageKind::Agree, message)) => {
                    let unknown = || Said::Failed("its message can't be understood".to_owned());
                    all[from] = Some(Said::read(&mut &message[HEAD..]).unwrap_or_else(unknown));
                }
                Some(_) => {}
                None => {
                    let gone = (missing..all.len())
                        .filter(|&rank| all[rank].is_none())
                        .find_map(|rank| Some((rank, self.left(rank)?)));
                    if let Some((rank, steps)) = gone {
                        return Ok(Agreed::Left { rank, steps });
                    }
                }
            }
        }
        Ok(compare(all.iter().flatten()))
    }
}

/// What comes of what all have said.
fn compare<'s>(all: impl Iterator<Item = &'s Said> + Clone) -> Agreed {
    let failed = all.clone().enumerate().find_map(|(rank, said)| match said {
        Said::Failed(reason) => Some((rank, reason)),
        Said::Ready(_) => None,
    });
    if let Some((rank, reason)) = failed {
        return match all.clone().all(|said| matches!(said, Said::Failed(other) if other == reason))
        {
            true => Agreed::AllFailed,
            false => Agreed::Failed { rank, reason: reason.clone() },
        };
    }
    let mut facts = all.enumerate().filter_map(|(rank, said)| match said {
        Said::Ready(facts) => Some((rank, facts)),
        Said::Failed(_) => None,
    });
    let Some((_, first)) = facts.next() else { return Agreed::Same };
    for (rank, facts) in facts {
        let none = (String::new(), "nothing".to_owned());
        for number in 0..first.len().max(facts.len()) {
            let [one, other] = [first, facts].map(|facts| facts.get(number).unwrap_or(&none));
            if one != other {
                let what = if one.0.is_empty() { &other.0 } else { &one.0 };
                let values = match one.0 == other.0 || one.0.is_empty() || other.0.is_empty() {
                    true => [&one.1, &other.1].map(String::clone),
                    false => [one, other].map(|(name, value)| format!("{name} {value}")),
                };
                return Agreed::Differ { what: what.clone(), ranks: [0, rank], values };
            }
        }
    }
    Agreed::Same
}

impl Said {
    fn write(&self, message: &mut Vec<u8>) {
        match self {
            Said::Failed(reason) => {
                message.put(0);
                message.put_bytes(reason.as_bytes());
            }
            Said::Ready(facts) => {
                message.put(1 + facts.len());
                for (name, value) in facts {
                    message.put_bytes(name.as_bytes());
                    message.put_bytes(value.as_bytes());
                }
            }
        }
    }

    fn read(rest: &mut &[u8]) -> Option<Said> {
        match rest.take()? {
            0 => rest.take_text().map(Said::Failed),
            number => (1..number)
                .map(|_| Some((rest.take_text()?, rest.take_text()?)))
                .collect::<Option<_>>()
                .map(Said::Ready),
        }
    }
}

impl Agreed {
    fn write(&self, message: &mut Vec<u8>) {
        match self {
            Agreed::Same => message.put(0),
            Agreed::AllFailed => message.put(1),
            Agreed::Differ { what, ranks, values } => {
                message.put(2);
                message.put_bytes(what.as_bytes());
                ranks.iter().for_each(|&rank| message.put(rank));
                values.iter().for_each(|value| message.put_bytes(value.as_bytes()));
            }
            Agreed::Failed { rank, reason } => {
                message.put(3);
                message.put(*rank);
                message.put_bytes(reason.as_bytes());
            }
            Agreed::Left { rank, steps } => {
                message.put(4);
                message.put(*rank);
                message.put(*steps);
            }
        }
    }

    fn read(rest: &mut &[u8]) -> Option<Agreed> {
        Some(match rest.take()? {
            0 => Agreed::Same,
            1 => Agreed::AllFailed,
            2 => Agreed::Differ {
                what: rest.take_text()?,
                ranks: [rest.take()?, rest.take()?],
                values: [rest.take_text()?, rest.take_text()?],
            },
            3 => Agreed::Failed { rank: rest.take()?, reason: rest.take_text()? },
            4 => Agreed::Left { rank: rest.take()?, steps: rest.take()? },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(facts: &[(&str, &str)]) -> Said {
        Said::Ready(facts.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect())
    }

    #[test]
    fn what_differs_is_told_with_both_values() {
        let same = ready(&[("kernel", "f"), ("number of items", "3")]);
        let other = ready(&[("kernel", "f"), ("number of items", "4")]);
        assert_eq!(compare([&same, &same].into_iter()), Agreed::Same);
        let differ = compare([&same, &same, &other].into_iter());
        let expected = Agreed::Differ {
            what: "number of items".to_owned(),
            ranks: [0, 2],
            values: ["3".to_owned(), "4".to_owned()],
        };
        assert_eq!(differ, expected);
        let mut message = Vec::new();
        differ.write(&mut message);
        assert_eq!(Agreed::read(&mut message.as_slice()), Some(expected));
    }

    #[test]
    fn a_failure_that_all_have_stays_their_own() {
        let failed = |text: &str| Said::Failed(text.to_owned());
        let all = [failed("no"), failed("no")];
        assert_eq!(compare(all.iter()), Agreed::AllFailed);
        let one = [ready(&[]), failed("no")];
        let expected = Agreed::Failed { rank: 1, reason: "no".to_owned() };
        assert_eq!(compare(one.iter()), expected);
    }
}
