//! The Python literals that occur in headers.

/// How deep values may lie in each other; NumPy's own types of records need four.
const DEEPEST_LITERAL: usize = 32;

/// A value, as far as headers need it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    /// None if it is larger than any that a machine could use.
    Integer(Option<u64>),
    Boolean(bool),
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    None,
}

/// Reads the entries of a dictionary with texts as keys, and where each value stands in the text.
///
/// # Errors
/// What is wrong, and where.
pub(super) fn dictionary(text: &str) -> Result<Vec<(String, Literal, &str)>, String> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    parser.expect('{')?;
    let mut entries = Vec::new();
    while !parser.takes('}') {
        let key = match parser.value()? {
            Literal::Text(key) => key,
            _ => return Err(parser.error("expected a key in quotes")),
        };
        parser.expect(':')?;
        parser.skip_spaces();
        let start = parser.at;
        let value = parser.value()?;
        entries.push((key, value, text.get(start..parser.at).unwrap_or_default()));
        if !parser.takes(',') {
            parser.expect('}')?;
            break;
        }
    }
    parser.skip_spaces();
    match parser.at == text.len() {
        true => Ok(entries),
        false => Err(parser.error("expected nothing behind the dictionary")),
    }
}

struct Parser<'t> {
    text: &'t str,
    /// In bytes; always at the beginning of a character.
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, what: &str) -> String {
        let found: String = self.rest().chars().take(20).collect();
        match found.is_empty() {
            true => format!("{what} at the end of its dictionary"),
            false => format!("{what} at byte {} of its dictionary, before {found:?}", self.at),
        }
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        let spaces = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']).len();
        self.at += spaces;
    }

    fn takes(&mut self, mark: char) -> bool {
        self.skip_spaces();
        let found = self.rest().starts_with(mark);
        if found {
            self.at += mark.len_utf8();
        }
        found
    }

    fn expect(&mut self, mark: char) -> Result<(), String> {
        match self.takes(mark) {
            true => Ok(()),
            false => Err(self.error(&format!("expected {mark:?}"))),
        }
    }

    fn value(&mut self) -> Result<Literal, String> {
        self.skip_spaces();
        self.depth += 1;
        if self.depth > DEEPEST_LITERAL {
            return Err(self.error("too many brackets in each other"));
        }
        let value = self.value_here();
        self.depth -= 1;
        value
    }

    fn value_here(&mut self) -> Result<Literal, String> {
        let words = [
            ("True", Literal::Boolean(true)),
            ("False", Literal::Boolean(false)),
            ("None", Literal::None),
        ];
        for (word, value) in words {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        match self.rest().as_bytes() {
            [b'(', ..] => self.brackets('(', ')').map(|(mut values, ends_in_comma)| {
                match values.len() == 1 && !ends_in_comma {
                    // Brackets around a value are no tuple.
                    true => values.swap_remove(0),
                    false => Literal::Tuple(values),
                }
            }),
            [b'[', ..] => self.brackets('[', ']').map(|(values, _)| Literal::List(values)),
            [b'\'' | b'"', ..] => self.quoted(),
            // Texts of Python 2.
            [b'u' | b'U', b'\'' | b'"', ..] => {
                self.at += 1;
                self.quoted()
            }
            [b'0'..=b'9', ..] => Ok(self.integer()),
            _ => Err(self.error("expected a text, a whole number, True, False, or a bracket")),
        }
    }

    /// The values between two brackets, and whether a comma follows the last.
    fn brackets(&mut self, open: char, close: char) -> Result<(Vec<Literal>, bool), String> {
        self.expect(open)?;
        let mut values = Vec::new();
        let mut ends_in_comma = false;
        while !self.takes(close) {
            values.push(self.value()?);
            ends_in_comma = self.takes(',');
            if !ends_in_comma {
                self.expect(close)?;
                break;
            }
        }
        Ok((values, ends_in_comma))
    }

    fn quoted(&mut self) -> Result<Literal, String> {
        let mut characters = self.rest().chars();
        let quote = characters.next();
        let mut text = String::new();
        let mut len = 1;
        while let Some(character) = characters.next() {
            len += character.len_utf8();
            if Some(character) == quote {
                self.at += len;
                return Ok(Literal::Text(text));
            }
            text.push(character);
            // What is escaped is in names of fields alone: it only must not end the text.
            if let ('\\', Some(escaped)) = (character, characters.clone().next()) {
                characters.next();
                len += escaped.len_utf8();
                text.push(escaped);
            }
        }
        Err(self.error("a text without an end"))
    }

    fn integer(&mut self) -> Literal {
        let rest = self.rest();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let value = rest.get(..digits).and_then(|digits| digits.parse().ok());
        // Python 2 marked its long numbers.
        let mark = rest.get(digits..).is_some_and(|rest| rest.starts_with(['L', 'l']));
        self.at += digits + usize::from(mark);
        Literal::Integer(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Literal, String> {
        let text = format!("{{'key': {text}}}");
        let entries = dictionary(&text)?;
        Ok(entries.into_iter().next().expect("one entry").1)
    }

    #[test]
    fn literals_are_pythons() {
        // As ast.literal_eval reads them.
        let integer = |value| Literal::Integer(Some(value));
        assert_eq!(value("(2, 3)").unwrap(), Literal::Tuple(vec![integer(2), integer(3)]));
        assert_eq!(value("(2L, 3L,)").unwrap(), Literal::Tuple(vec![integer(2), integer(3)]));
        assert_eq!(value("( 5 , )").unwrap(), Literal::Tuple(vec![integer(5)]));
        assert_eq!(value("(5)").unwrap(), integer(5));
        assert_eq!(value("()").unwrap(), Literal::Tuple(vec![]));
        assert_eq!(
            value("[('x', '<i4')]").unwrap(),
            Literal::List(vec![Literal::Tuple(vec![
                Literal::Text("x".into()),
                Literal::Text("<i4".into()),
            ])])
        );
        assert_eq!(value("u\"a'b\"").unwrap(), Literal::Text("a'b".into()));
        assert_eq!(value("'a\\'b'").unwrap(), Literal::Text("a\\'b".into()));
        assert_eq!(value("18446744073709551616").unwrap(), Literal::Integer(None));
        for refused in ["", "(1 2)", "(,)", "np.int64(2)", "-1", "'open", "(1", "1 1", "'a' 'b'"] {
            assert!(value(refused).is_err(), "{refused}");
        }
        let deep = "(".repeat(10_000);
        assert!(value(&deep).unwrap_err().contains("too many brackets"));
        assert!(dictionary("{'a': 1} and more").unwrap_err().contains("behind"));
        assert!(dictionary("{1: 1}").is_err() && dictionary("").is_err());
    }
}
