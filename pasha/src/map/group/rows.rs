//! What the workers of a rank did when, on its way to rank 0.

use crate::group::wire::{Put, Take};
use crate::timeline::{Row, Span, SpanKind, coarsen};

/// Spans that are sent of one worker: of many machines with many processors each it is a few
/// megabytes.
const MOST_SPANS: usize = 1024;

/// Adds what workers did to a message, in no more spans than are sent.
pub(super) fn write_rows(rows: &[Row], message: &mut Vec<u8>) {
    message.put(rows.len());
    for row in rows {
        let spans = coarsen(row.spans.clone(), MOST_SPANS);
        message.put(row.worker_id);
        message.put_bytes(row.host.as_deref().unwrap_or_default().as_bytes());
        message.put(spans.len());
        for span in spans {
            message.put(span.kind as usize);
            message.put(span.begin as usize);
            message.put(span.end as usize);
            message.put(span.first);
            message.put(span.until);
            message.put(usize::from(span.is_failed) | usize::from(span.is_retry) << 1);
            message.put(span.parts as usize);
            message.put(span.busy as usize);
        }
    }
}

/// Takes what workers did from a message.
pub(super) fn read_rows(rest: &mut &[u8]) -> Option<Vec<Row>> {
    let rows = rest.take()?;
    (0..rows).map(|_| read_row(rest)).collect()
}

fn read_row(rest: &mut &[u8]) -> Option<Row> {
    let worker_id = rest.take()?;
    let host = Some(rest.take_text()?).filter(|host| !host.is_empty());
    let spans = rest.take()?;
    let span = |_| {
        let kind = SpanKind::of(rest.take()? as u64)?;
        let (begin, end) = (rest.take()? as u64, rest.take()? as u64);
        let (first, until) = (rest.take()?, rest.take()?);
        let flags = rest.take()?;
        Some(Span {
            worker_id,
            kind,
            begin,
            end,
            first,
            until,
            is_failed: flags & 1 != 0,
            is_retry: flags & 2 != 0,
            parts: rest.take()? as u32,
            busy: rest.take()? as u64,
        })
    };
    let spans = (0..spans).map(span).collect::<Option<_>>()?;
    Some(Row { worker_id, host: host.map(String::into_boxed_str), spans })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_out_as_they_went_in() {
        let span = Span {
            worker_id: 5,
            kind: SpanKind::Items,
            begin: 3,
            end: 9,
            first: 17,
            until: 19,
            is_failed: true,
            is_retry: false,
            parts: 2,
            busy: 6,
        };
        let other = Span { is_failed: false, is_retry: true, begin: 9, end: 12, ..span };
        let rows = [
            Row { worker_id: 5, host: Some("node-a".into()), spans: vec![span, other] },
            Row { worker_id: 6, host: None, spans: Vec::new() },
        ];
        let mut message = Vec::new();
        write_rows(&rows, &mut message);
        assert_eq!(read_rows(&mut message.as_slice()).unwrap(), rows);
        assert!(read_rows(&mut &message[..message.len() - 1]).is_none());
    }
}
