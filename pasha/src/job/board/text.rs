//! Text in shared memory, of limited length.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// What stands at the end of a text that was too long.
const CUT: &str = " … (cut)";

/// Text in shared memory.
#[repr(C)]
pub(crate) struct Text<const N: usize> {
    len: AtomicUsize,
    bytes: [AtomicU8; N],
}

impl<const N: usize> Text<N> {
    pub(crate) const fn new() -> Self {
        Text { len: AtomicUsize::new(0), bytes: [const { AtomicU8::new(0) }; N] }
    }

    /// Keeps the text, cut at a character border if it is too long.
    pub(crate) fn set(&self, text: &str) {
        self.len.store(0, Ordering::Relaxed);
        self.append(text);
    }

    /// Adds to the text, cut at a character border if it gets too long.
    pub(crate) fn append(&self, text: &str) {
        let before = self.len.load(Ordering::Relaxed).min(N);
        let room = N - before;
        let (text, tail) = if text.len() <= room {
            (text, "")
        } else if room < CUT.len() {
            return;
        } else {
            (&text[..text.floor_char_boundary(room - CUT.len())], CUT)
        };
        write(&self.bytes[before..], text);
        write(&self.bytes[before + text.len()..], tail);
        self.len.store(before + text.len() + tail.len(), Ordering::Relaxed);
    }

    /// The text's bytes.
    pub(crate) fn bytes(&self) -> &[AtomicU8] {
        &self.bytes[..self.len.load(Ordering::Relaxed).min(N)]
    }

    /// The text.
    #[cfg(test)]
    pub(crate) fn get(&self) -> String {
        read(self.bytes())
    }
}

/// Writes a text into the first of these bytes.
fn write(bytes: &[AtomicU8], text: &str) {
    for (place, byte) in bytes.iter().zip(text.bytes()) {
        place.store(byte, Ordering::Relaxed);
    }
}

/// Reads a text. Whoever wrote it may have been killed in the middle of a character.
pub(crate) fn read(bytes: &[AtomicU8]) -> String {
    let bytes: Vec<u8> = bytes.iter().map(|byte| byte.load(Ordering::Relaxed)).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let text = Text::<100>::new();
        text.set(&"ä".repeat(1 << 10));
        assert!(text.get().len() <= 100 && text.get().ends_with("ä … (cut)"), "{}", text.get());
        text.append("more");
        assert!(text.get().len() <= 100);
        text.set("short");
        text.append(", and more");
        assert_eq!(text.get(), "short, and more");
    }
}
