//! Fewer spans that tell nearly the same: where there is no room for all.

use super::span::{Span, SpanKind};

/// Merges spans that follow each other in one worker until there are at most `most`.
///
/// What somebody looks for stays as it is: the slowest items (a sixteenth of `most`), and spans
/// that failed or were tried again (an eighth). The others are merged with their neighbours up to a
/// duration that leaves few enough. The slowest of the merged are never slower than what stayed.
pub(crate) fn coarsen(spans: Vec<Span>, most: usize) -> Vec<Span> {
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return spans };
    if spans.len() <= most {
        return spans;
    }
    let resolution = last.end.saturating_sub(first.begin) / (most as u64 / 8).max(1);
    let is_kept = kept(&spans, most);
    let mut coarse: Vec<Span> = Vec::with_capacity(most);
    let mut last_is_kept = true;
    for (span, is_kept) in spans.into_iter().zip(is_kept) {
        match coarse.last_mut() {
            Some(last)
                if !is_kept
                    && !last_is_kept
                    && span.end.saturating_sub(last.begin) <= resolution =>
            {
                merge(last, &span);
            }
            _ => coarse.push(span),
        }
        last_is_kept = is_kept;
    }
    coarse
}

/// Which spans are not merged.
fn kept(spans: &[Span], most: usize) -> Vec<bool> {
    let mut is_kept = vec![false; spans.len()];
    let marked = spans.iter().enumerate().filter(|(_, span)| span.is_failed || span.is_retry);
    marked.take(most / 8).for_each(|(place, _)| is_kept[place] = true);
    let items = spans.iter().enumerate().filter(|(_, span)| span.is_of_items());
    let mut slowest: Vec<(u64, usize)> = items.map(|(place, span)| (span.took(), place)).collect();
    let number = most / 16;
    if number < slowest.len() {
        slowest.select_nth_unstable_by(number, |one, other| other.cmp(one));
        slowest.truncate(number);
    }
    slowest.into_iter().for_each(|(_, place)| is_kept[place] = true);
    is_kept
}

/// Adds a span to the one before it.
fn merge(into: &mut Span, span: &Span) {
    if span.first < span.until {
        let is_empty = into.first == into.until;
        into.first = if is_empty { span.first } else { into.first.min(span.first) };
        into.until = if is_empty { span.until } else { into.until.max(span.until) };
    }
    into.busy += span.busy;
    let took = span.end.saturating_sub(into.begin);
    if 2 * into.busy >= took {
        into.kind = SpanKind::Items;
    } else if span.kind != SpanKind::Items
        && (into.kind == SpanKind::Items || span.took() > into.took())
    {
        into.kind = span.kind;
    }
    into.end = into.end.max(span.end);
    into.is_failed |= span.is_failed;
    into.is_retry |= span.is_retry;
    into.parts = into.parts.saturating_add(span.parts);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spans of items one after another that take so many nanoseconds.
    fn in_turn(times: impl IntoIterator<Item = u64>) -> Vec<Span> {
        let mut begin = 0;
        let span = |(index, took): (usize, u64)| {
            let span = Span {
                worker_id: 0,
                kind: if index % 3 == 0 { SpanKind::Claiming } else { SpanKind::Items },
                begin,
                end: begin + took,
                first: if index % 3 == 0 { 0 } else { index },
                until: if index % 3 == 0 { 0 } else { index + 1 },
                is_failed: index % 1000 == 700,
                is_retry: false,
                parts: 1,
                busy: if index % 3 == 0 { 0 } else { took },
            };
            begin += took;
            span
        };
        times.into_iter().enumerate().map(span).collect()
    }

    #[test]
    fn there_are_few_enough_and_nothing_between_them_is_lost() {
        for most in [16, 100, 4096] {
            for len in [most - 1, most + 1, 10 * most] {
                for alike in [true, false] {
                    let time = |index: usize| if alike { 50 } else { (index * 7919 % 1009) as u64 };
                    let spans = in_turn((0..len).map(time));
                    let coarse = coarsen(spans.clone(), most);
                    assert!(coarse.len() <= most, "{len} to {most}: {}", coarse.len());
                    assert_eq!(coarse.iter().map(|span| span.parts).sum::<u32>() as usize, len);
                    assert_eq!(coarse[0].begin, 0);
                    assert_eq!(coarse.last().unwrap().end, spans.last().unwrap().end);
                    assert!(coarse.windows(2).all(|pair| pair[0].end == pair[1].begin));
                    let busy = |spans: &[Span]| spans.iter().map(|span| span.busy).sum::<u64>();
                    assert_eq!(busy(&coarse), busy(&spans));
                }
            }
        }
    }

    #[test]
    fn the_slowest_items_stay_as_they_are_however_often_others_are_merged() {
        let mut spans = Vec::new();
        let (mut begin, mut slow) = (0, Vec::new());
        for round in 0..50_u64 {
            let times = (0..400).map(|index| match index {
                200 => 100_000 + round * 7 % 11,
                _ => 20,
            });
            let new = in_turn(times).into_iter().map(|span| Span {
                begin: span.begin + begin,
                end: span.end + begin,
                ..span
            });
            spans.extend(new);
            begin = spans.last().unwrap().end;
            slow.push(100_000 + round * 7 % 11);
            spans = coarsen(spans, 512);
        }
        let mut kept: Vec<u64> =
            spans.iter().filter(|span| span.is_of_items()).map(Span::took).collect();
        kept.sort_unstable_by(|one, other| other.cmp(one));
        slow.sort_unstable_by(|one, other| other.cmp(one));
        assert_eq!(kept[..32], slow[..32]);
    }
}
