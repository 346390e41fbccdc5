//! Many more ranks than processors: that they end, and how many messages it takes.

use std::time::{Duration, Instant};

use pasha::{AnyContext, SerialContext};
use pasha_tests::ranks::{on_ranks_with, ran_alone};

const RANKS: usize = 64;
const ITEMS: usize = 64_000;

/// Does nothing that comes to another rank.
#[pasha::kernel]
fn add_up(value: u64, #[reduce(sum)] sum: &mut u64) {
    *sum += std::hint::black_box(value);
}

#[test]
fn sixty_four_ranks_end_with_few_messages_for_each() {
    if ran_alone(&|| ()) {
        return;
    }
    let local = |_| -> AnyContext { Box::new(SerialContext::new()) };
    let told = on_ranks_with(RANKS, Duration::from_secs(100), local, |context| {
        let [claims_before, all_before] = context.messages_sent();
        let begun = Instant::now();
        let sum = add_up::run_in(&context, 0..ITEMS as u64).unwrap();
        assert_eq!(sum, (0..ITEMS as u64).sum::<u64>());
        let [claims, all] = context.messages_sent();
        let seconds = begun.elapsed().as_secs() as usize;
        format!("{} {} {seconds}", claims - claims_before, all - all_before)
    });
    let sent: Vec<[usize; 3]> = told
        .iter()
        .map(|text| {
            let mut numbers = text.split(' ').map(|number| number.parse().unwrap());
            std::array::from_fn(|_| numbers.next().unwrap())
        })
        .collect();
    let claims: usize = sent.iter().map(|[claims, ..]| claims).sum();
    let [_, of_root, seconds] = sent[0];
    let of_others: usize = sent[1..].iter().map(|[_, all, _]| all).sum();
    println!(
        "{claims} claims of {} ranks over {ITEMS} items in {seconds} s; rank 0 sent {of_root} \
         messages and got {of_others}",
        RANKS - 1
    );
    assert!(claims < 40 * RANKS, "{claims}");
    // Each claim has one answer, and a map some messages that do not depend on the items …
    assert!(of_root <= claims + 12 * RANKS, "{of_root} messages of rank 0 to {claims} claims");
    // … besides ten a second that say what is finished, of which those that were held up may come
    // at once.
    let constant = (24 + 11 * (seconds + 1)) * RANKS;
    assert!(of_others <= claims + constant, "{of_others} messages to rank 0");
}
