//! What the ranks make sure of before they do something together, so that none waits for one that
//! does something else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::members::Group;
use super::messenger::{HEAD, LostRank, MessageKind, Messenger, not_understood};
use super::wire::{Put, Take};
use crate::error::{Error, Result};

/// What has to be the same on all ranks: names and values.
pub(crate) type Facts = Vec<(String, String)>;

/// What a rank says, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
enum RankStatement {
    Ready(Facts),
    Failed(String),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Agreement {
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
            Ok(value) => RankStatement::Ready(facts(value)),
            // Whose error it is, is told anew by each rank.
            Err(Error::Rank { rank, reason, .. }) if *rank == self.rank() => {
                RankStatement::Failed(reason.clone())
            }
            Err(error) => RankStatement::Failed(error.to_string()),
        };
        self.say(said).and(outcome)
    }

    /// As [`agree`](Self::agree), for a rank that says this: an error is what another rank, or the
    /// difference, keeps this one from going on with.
    // Knows no type of what a rank came with, so that it is compiled once.
    fn say(&self, said: RankStatement) -> Result<()> {
        let has_failed = matches!(said, RankStatement::Failed(_));
        let agreed = self.messenger().agree(said).map_err(|lost| self.error_of(&lost))?;
        let host = |rank| self.host(rank).to_owned();
        match agreed {
            Agreement::Same | Agreement::AllFailed => Ok(()),
            Agreement::Differ { what, ranks, values: [first, second] } => {
                let told = |rank: usize, value| format!("{value} on rank {rank} ({})", host(rank));
                let (first, second) = (told(ranks[0], first), told(ranks[1], second));
                Err(Error::RanksDiffer { what, first, second })
            }
            Agreement::Failed { rank, reason } => {
                Err(Error::Rank { rank, host: host(rank), reason })
            }
            // This rank says itself why it can't go on.
            Agreement::Left { .. } if has_failed => Ok(()),
            Agreement::Left { rank, steps } => Err(Error::Rank {
                rank,
                host: host(rank),
                reason: format!(
                    "the program has ended there, after {steps} collective steps, while other ranks \
                     go on: what it wrote may say why; else, every rank must make the same maps"
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

    fn agree(&mut self, said: RankStatement) -> Result<Agreement, LostRank> {
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
                    let agreed = Agreement::read(&mut &message[HEAD..]);
                    return Ok(agreed.unwrap_or(Agreement::Failed {
                        rank: 0,
                        reason: not_understood(MessageKind::Agree),
                    }));
                }
                Some(_) => {}
                None => {
                    return Ok(Agreement::Left { rank: 0, steps: self.left(0).unwrap_or(0) });
                }
            }
        }
    }

    /// Waits, at rank 0, for what all have to say.
    fn gather(&mut self, own: RankStatement) -> Result<Agreement, LostRank> {
        let mut all: Vec<Option<RankStatement>> = vec![None; 1 + self.others().count()];
        all[0] = Some(own);
        while let Some(missing) = all.iter().position(Option::is_none) {
            let gone = |messenger: &Messenger| {
                let missing = all.iter().enumerate().filter(|(_, said)| said.is_none());
                missing.map(|(rank, _)| rank).any(|rank| messenger.left(rank).is_some())
            };
            match self.next(gone)? {
                Some((from, MessageKind::Agree, message)) => {
                    let unknown = || RankStatement::Failed(not_understood(MessageKind::Agree));
                    all[from] =
                        Some(RankStatement::read(&mut &message[HEAD..]).unwrap_or_else(unknown));
                }
                Some(_) => {}
                None => {
                    let gone = (missing..all.len())
                        .filter(|&rank| all[rank].is_none())
                        .find_map(|rank| Some((rank, self.left(rank)?)));
                    if let Some((rank, steps)) = gone {
                        return Ok(Agreement::Left { rank, steps });
                    }
                }
            }
        }
        Ok(compare(all.iter().flatten()))
    }
}

/// What comes of what all have said.
fn compare<'s>(all: impl Iterator<Item = &'s RankStatement> + Clone) -> Agreement {
    let failed = all.clone().enumerate().find_map(|(rank, said)| match said {
        RankStatement::Failed(reason) => Some((rank, reason)),
        RankStatement::Ready(_) => None,
    });
    if let Some((rank, reason)) = failed {
        return match all
            .clone()
            .all(|said| matches!(said, RankStatement::Failed(other) if other == reason))
        {
            true => Agreement::AllFailed,
            false => Agreement::Failed { rank, reason: reason.clone() },
        };
    }
    let mut facts = all.enumerate().filter_map(|(rank, said)| match said {
        RankStatement::Ready(facts) => Some((rank, facts)),
        RankStatement::Failed(_) => None,
    });
    let Some((_, first)) = facts.next() else { return Agreement::Same };
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
                return Agreement::Differ { what: what.clone(), ranks: [0, rank], values };
            }
        }
    }
    Agreement::Same
}

impl RankStatement {
    fn write(&self, message: &mut Vec<u8>) {
        match self {
            RankStatement::Failed(reason) => {
                message.put(0);
                message.put_bytes(reason.as_bytes());
            }
            RankStatement::Ready(facts) => {
                message.put(1 + facts.len());
                for (name, value) in facts {
                    message.put_bytes(name.as_bytes());
                    message.put_bytes(value.as_bytes());
                }
            }
        }
    }

    fn read(rest: &mut &[u8]) -> Option<RankStatement> {
        match rest.take()? {
            0 => rest.take_text().map(RankStatement::Failed),
            number => (1..number)
                .map(|_| Some((rest.take_text()?, rest.take_text()?)))
                .collect::<Option<_>>()
                .map(RankStatement::Ready),
        }
    }
}

impl Agreement {
    fn write(&self, message: &mut Vec<u8>) {
        match self {
            Agreement::Same => message.put(0),
            Agreement::AllFailed => message.put(1),
            Agreement::Differ { what, ranks, values } => {
                message.put(2);
                message.put_bytes(what.as_bytes());
                ranks.iter().for_each(|&rank| message.put(rank));
                values.iter().for_each(|value| message.put_bytes(value.as_bytes()));
            }
            Agreement::Failed { rank, reason } => {
                message.put(3);
                message.put(*rank);
                message.put_bytes(reason.as_bytes());
            }
            Agreement::Left { rank, steps } => {
                message.put(4);
                message.put(*rank);
                message.put(*steps);
            }
        }
    }

    fn read(rest: &mut &[u8]) -> Option<Agreement> {
        Some(match rest.take()? {
            0 => Agreement::Same,
            1 => Agreement::AllFailed,
            2 => Agreement::Differ {
                what: rest.take_text()?,
                ranks: [rest.take()?, rest.take()?],
                values: [rest.take_text()?, rest.take_text()?],
            },
            3 => Agreement::Failed { rank: rest.take()?, reason: rest.take_text()? },
            4 => Agreement::Left { rank: rest.take()?, steps: rest.take()? },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(facts: &[(&str, &str)]) -> RankStatement {
        RankStatement::Ready(facts.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect())
    }

    #[test]
    fn what_differs_is_told_with_both_values() {
        let same = ready(&[("kernel", "f"), ("number of items", "3")]);
        let other = ready(&[("kernel", "f"), ("number of items", "4")]);
        assert_eq!(compare([&same, &same].into_iter()), Agreement::Same);
        let differ = compare([&same, &same, &other].into_iter());
        let expected = Agreement::Differ {
            what: "number of items".to_owned(),
            ranks: [0, 2],
            values: ["3".to_owned(), "4".to_owned()],
        };
        assert_eq!(differ, expected);
        let mut message = Vec::new();
        differ.write(&mut message);
        assert_eq!(Agreement::read(&mut message.as_slice()), Some(expected));
    }

    #[test]
    fn a_failure_that_all_have_stays_their_own() {
        let failed = |text: &str| RankStatement::Failed(text.to_owned());
        let all = [failed("no"), failed("no")];
        assert_eq!(compare(all.iter()), Agreement::AllFailed);
        let one = [ready(&[]), failed("no")];
        let expected = Agreement::Failed { rank: 1, reason: "no".to_owned() };
        assert_eq!(compare(one.iter()), expected);
    }
}
