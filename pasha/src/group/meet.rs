//! What the ranks tell each other of themselves, once before they map together.

use super::line::{HEAD, Kind, Line, Lost};
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

impl Line {
    /// Tells all ranks what this one is like, and gives what each is like.
    pub(crate) fn meet(&mut self, own: Member) -> Result<Vec<Member>, Lost> {
        self.begin_step();
        let mut all = vec![None; 1 + self.others().count()];
        let mut message = self.message(Kind::Meet);
        own.write(&mut message);
        all[self.rank()] = Some(own);
        self.send_all(message)?;
        while let Some(missing) = all.iter().position(Option::is_none) {
            match self.next(|line| line.left(missing).is_some())? {
                Some((from, Kind::Meet, message)) => {
                    all[from] = Member::read(&mut &message[HEAD..]);
                    if all[from].is_none() {
                        self.lose(from, "its message can't be understood (Meet)".to_owned())?;
                    }
                }
                Some(_) => {}
                None => {
                    let reason = "the program has ended there".to_owned();
                    return Err(Lost { rank: missing, reason });
                }
            }
        }
        Ok(all.into_iter().flatten().collect())
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
