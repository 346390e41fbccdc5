//! What the ranks tell each other of themselves, once before they map together.

use std::sync::Arc;

use super::messenger::{HEAD, LostRank, MessageKind, Messenger, not_understood};
use super::wire::{Put, Take};

/// What a rank is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// The machine that it is on.
    pub(crate) host: String,
    pub(crate) num_workers: usize,
    /// The processors that it may use, and those that the machine has, where these are more.
    pub(crate) bound: Option<[usize; 2]>,
}

impl Messenger {
    /// Tells all ranks what this one is like, by way of rank 0, and gives what each is like.
    pub(crate) fn exchange_members(&mut self, own: Member) -> Result<Vec<Member>, LostRank> {
        self.begin_step();
        let mut message = self.message(MessageKind::Members);
        if self.rank() != 0 {
            own.write(&mut message);
            self.send(0, Arc::new(message))?;
            let all = self.wait_for_members(|messenger| messenger.left(0).map(|_| 0))?.1;
            let mut rest = &all[HEAD..];
            let all: Option<Vec<Member>> =
                (0..=self.others().count()).map(|_| Member::read(&mut rest)).collect();
            return match all {
                Some(all) => Ok(all),
                None => self.lose(0, not_understood(MessageKind::Members)).map(|()| Vec::new()),
            };
        }
        let mut all = vec![None; 1 + self.others().count()];
        all[0] = Some(own);
        while all.iter().any(Option::is_none) {
            let is_missing = |rank: &usize| all[*rank].is_none();
            let gone = |messenger: &Messenger| {
                messenger.others().filter(is_missing).find(|&rank| messenger.left(rank).is_some())
            };
            let (from, message) = self.wait_for_members(gone)?;
            match Member::read(&mut &message[HEAD..]) {
                Some(member) => all[from] = Some(member),
                None => self.lose(from, not_understood(MessageKind::Members))?,
            }
        }
        let all: Vec<Member> = all.into_iter().flatten().collect();
        all.iter().for_each(|member| member.write(&mut message));
        self.send_all(message)?;
        Ok(all)
    }

    /// The next message of this step, and whose it is, unless a rank is gone that is waited for.
    fn wait_for_members(
        &mut self,
        gone: impl Fn(&Messenger) -> Option<usize>,
    ) -> Result<(usize, Vec<u8>), LostRank> {
        loop {
            match self.next(|messenger| gone(messenger).is_some())? {
                Some((from, MessageKind::Members, message)) => return Ok((from, message)),
                Some(_) => {}
                None => {
                    let rank = gone(self).unwrap_or(0);
                    let reason = "the program has ended there".to_owned();
                    self.lose(rank, reason.clone())?;
                    return Err(LostRank { rank, reason });
                }
            }
        }
    }
}

impl Member {
    fn write(&self, message: &mut Vec<u8>) {
        let [usable, there] = self.bound.unwrap_or_default();
        message.put_bytes(self.host.as_bytes());
        [self.num_workers, usable, there].into_iter().for_each(|number| message.put(number));
    }

    fn read(rest: &mut &[u8]) -> Option<Member> {
        let host = rest.take_text()?;
        let (num_workers, usable, there) = (rest.take()?, rest.take()?, rest.take()?);
        let bound = (usable > 0).then_some([usable, there]);
        Some(Member { host, num_workers, bound })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_comes_out_as_it_went_in() {
        for bound in [None, Some([1, 64])] {
            let member = Member { host: "node-ä".to_owned(), num_workers: 16, bound };
            let mut message = Vec::new();
            member.write(&mut message);
            assert_eq!(Member::read(&mut message.as_slice()), Some(member));
            assert_eq!(Member::read(&mut &message[..message.len() - 1]), None);
        }
    }
}
