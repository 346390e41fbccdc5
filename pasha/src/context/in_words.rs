//! Contexts in words, for the first line of a log: how many workers, and where.

use std::fmt::{self, Display, Formatter};

#[cfg(feature = "mpi")]
use super::MpiContext;
use super::{Context, GroupContext, ProcessContext, Ranks, SerialContext, ThreadContext};
use crate::memory::Memory;

/// So many hosts are named.
const MOST_HOSTS: usize = 4;

/// Says how many workers there are, and where: `4 workers in processes of their own`, or
/// `2 ranks on 2 hosts, 32 workers: 16 on node-a, 16 on node-b`; and below, with the cure, what
/// keeps the workers of a rank from running at the same time.
impl Display for dyn Context + '_ {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let workers = counted(self.num_workers(), "worker");
        if let Some(ranks) = self.ranks() {
            write!(f, "{}", of_ranks(ranks, &workers))?;
            return ranks.warning().map_or(Ok(()), |warning| write!(f, "\nwarning: {warning}"));
        }
        match (self.memory(), self.num_workers()) {
            (Memory::Private, _) => write!(f, "{workers} in this process"),
            (Memory::Shared, 1) => write!(f, "{workers} in a process of its own"),
            (Memory::Shared, _) => write!(f, "{workers} in processes of their own"),
        }
    }
}

macro_rules! in_words {
    ($($context:ty),+) => {$(
        impl Display for $context {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                Display::fmt(self as &dyn Context, f)
            }
        }
    )+};
}
in_words!(SerialContext, ThreadContext, ProcessContext, GroupContext);
#[cfg(feature = "mpi")]
in_words!(MpiContext);

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn of_ranks(ranks: &Ranks, workers: &str) -> String {
    let mut hosts: Vec<(&str, usize)> = Vec::new();
    for member in ranks.members.iter() {
        match hosts.iter_mut().find(|(host, _)| *host == member.host) {
            Some((_, workers)) => *workers += member.num_workers,
            None => hosts.push((&member.host, member.num_workers)),
        }
    }
    let [num_ranks, num_hosts] = [(ranks.members.len(), "rank"), (hosts.len(), "host")]
        .map(|(number, what)| counted(number, what));
    let begin = format!("{num_ranks} on {num_hosts}, {workers}");
    let first = hosts[0].1;
    if hosts.len() > MOST_HOSTS && hosts.iter().all(|&(_, workers)| workers == first) {
        return format!("{begin}: {first} on each host");
    }
    let shown = hosts.iter().take(MOST_HOSTS);
    let shown: Vec<String> = shown.map(|(host, workers)| format!("{workers} on {host}")).collect();
    let more = if hosts.len() > MOST_HOSTS { ", …" } else { "" };
    format!("{begin}: {}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_say_how_many_workers_they_have_and_where() {
        assert_eq!(SerialContext::new().to_string(), "1 worker in this process");
        let threads: Box<dyn Context> = Box::new(ThreadContext::new(3).unwrap());
        assert_eq!(threads.to_string(), "3 workers in this process");
        let processes = |workers| ProcessContext::new(workers).unwrap().to_string();
        assert_eq!(processes(1), "1 worker in a process of its own");
        assert_eq!(processes(2), "2 workers in processes of their own");
    }
}
