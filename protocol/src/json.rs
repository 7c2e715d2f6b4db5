//! JSON that is checked and found its way through, but not taken apart (RFC 8259): what is passed on is passed on as it was written.
//!
//! One pass, nothing copied. Plain text inside strings, which is what long payloads are made of, is looked at in steps that
//! compilers turn into vector instructions.

use std::borrow::Cow;

/// A JSON value as it was written, without white space around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// `None` where the text is not exactly one value; white space around it is left out.
    pub fn read(text: &'a str) -> Option<Self> {
        let mut scan = Scan { text, at: 0 };
        let value = scan.value()?;
        scan.end().then_some(value)
    }

    pub fn get(self) -> &'a str {
        self.0
    }

    /// The text of a string, borrowed unless it holds an escape; `None` for any other value and for half of a surrogate pair.
    #[inline]
    pub fn text(self) -> Option<Cow<'a, str>> {
        text_of(self.0)
    }
}

/// [`Json::text`] of what is known to be JSON.
#[inline]
pub fn text_of(json: &str) -> Option<Cow<'_, str>> {
    decoded(json.strip_prefix('"')?.strip_suffix('"')?)
}

/// What is said by what is written between the quotes of a string.
#[inline]
fn decoded(written: &str) -> Option<Cow<'_, str>> {
    if written.contains('\\') {
        serde_json::from_str(&format!("\"{written}\"")).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(written))
    }
}

/// Hands each member of an object to `member`: its name and its value. Half of a surrogate pair in a name makes it U+FFFD, which
/// nobody asks for. Whether the text is an object and nothing else; what came before a fault has been handed over.
pub fn members<'a>(text: &'a str, member: impl FnMut(&str, Json<'a>)) -> bool {
    let mut scan = Scan { text, at: 0 };
    scan.members(member).is_some() && scan.end()
}

struct Scan<'a> {
    text: &'a str,
    /// Always between two characters.
    at: usize,
}

/// Bytes that are looked at together.
const STEP: usize = 64;
const WORD: usize = size_of::<u64>();

impl<'a> Scan<'a> {
    fn members(&mut self, mut member: impl FnMut(&str, Json<'a>)) -> Option<()> {
        self.blank();
        self.expect(b'{')?;
        self.blank();
        if self.skip_if(b'}') {
            return Some(());
        }
        loop {
            let name = self.name()?;
            let value = self.value()?;
            member(decoded(name).as_deref().unwrap_or("\u{fffd}"), value);
            self.blank();
            match self.next()? {
                b',' => self.blank(),
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// A member's name as it is written, and the colon behind it.
    #[inline]
    fn name(&mut self) -> Option<&'a str> {
        let from = self.at + 1;
        self.string()?;
        let name = &self.text[from..self.at - 1];
        self.blank();
        self.expect(b':')?;
        Some(name)
    }

    #[inline]
    fn value(&mut self) -> Option<Json<'a>> {
        self.blank();
        let from = self.at;
        match self.peek()? {
            b'"' => self.string()?,
            b'{' | b'[' => self.nested()?,
            _ => self.scalar()?,
        }
        Some(Json(&self.text[from..self.at]))
    }

    /// An array or an object with all that is in it, however deep: whoever nests must not take the stack.
    fn nested(&mut self) -> Option<()> {
        let mut nesting = Nesting::default();
        loop {
            self.blank();
            match self.peek()? {
                b'"' => self.string()?,
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    self.blank();
                    let in_object = open == b'{';
                    if !self.skip_if(if in_object { b'}' } else { b']' }) {
                        nesting.enter(in_object);
                        if in_object {
                            self.name()?;
                        }
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            // A value has ended, and perhaps what it stands in.
            loop {
                let Some(in_object) = nesting.innermost() else { return Some(()) };
                self.blank();
                match (self.next()?, in_object) {
                    (b',', false) => break,
                    (b',', true) => {
                        self.blank();
                        self.name()?;
                        break;
                    }
                    (b'}', true) | (b']', false) => nesting.leave(),
                    _ => return None,
                }
            }
        }
    }

    fn scalar(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        match ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word)) {
            Some(word) => self.at += word.len(),
            None => self.number()?,
        }
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        self.skip_if(b'-');
        if !self.skip_if(b'0') {
            self.digits()?;
        }
        if self.skip_if(b'.') {
            self.digits()?;
        }
        if self.skip_if(b'e') || self.skip_if(b'E') {
            let _ = self.skip_if(b'+') || self.skip_if(b'-');
            self.digits()?;
        }
        Some(())
    }

    /// At least one.
    fn digits(&mut self) -> Option<()> {
        let rest = self.rest();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(())
    }

    /// A string with its quotes.
    #[inline]
    fn string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            self.plain();
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                0..=0x1f => return None,
                _ => {}
            }
        }
    }

    /// Plain text inside a string, as far as it can be told by whole words; the rest is short. Most strings end in the first words.
    #[inline]
    fn plain(&mut self) {
        if (0..2).any(|_| self.word_ends()) {
            return;
        }
        while let Some(step) = self.rest().first_chunk::<STEP>()
            && step.iter().fold(u8::MAX, |least, byte| least.min(zero_if_special(*byte))) > 0
        {
            self.at += STEP;
        }
        while !self.word_ends() {}
    }

    /// Goes to the end of the next word, or to what is special in it. Whether there is such, or no whole word left.
    #[inline]
    fn word_ends(&mut self) -> bool {
        let Some(word) = self.rest().first_chunk::<WORD>() else { return true };
        let found = special_bytes(u64::from_le_bytes(*word));
        // Without any, the zeros are as many as the bits of the word.
        self.at += found.trailing_zeros() as usize / 8;
        found != 0
    }

    /// What may stand behind a backslash. Halves of surrogate pairs are JSON (RFC 8259 §8.2).
    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits = self.rest().first_chunk::<4>()?;
                self.at += digits.len();
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            _ => None,
        }
    }

    #[inline]
    fn blank(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn end(&mut self) -> bool {
        self.blank();
        self.rest().is_empty()
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    #[inline]
    fn skip_if(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.skip_if(byte).then_some(())
    }
}

/// Special are quote, backslash and whatever is below a blank. Without a comparison, which would be less of a vector instruction.
#[inline]
fn zero_if_special(byte: u8) -> u8 {
    (byte ^ b'"').min(byte ^ b'\\').min(byte & 0xe0)
}

/// The high bit of each byte that is special: of the lowest such byte in any case, of higher ones perhaps too many. (For each
/// byte, `x - n` borrows into its high bit where `x < n`; Warren, Hacker's Delight §6–1.)
#[inline]
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; WORD]);
    const HIGHS: u64 = ONES << 7;
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, 0x20) | equal(b'"') | equal(b'\\')) & HIGHS
}

/// In what a value stands, from the outermost to the innermost: a bit for each, set where it is an object.
#[derive(Default)]
struct Nesting {
    bits: u64,
    depth: usize,
    /// Those that the word has no room for.
    outer: Vec<u64>,
}

impl Nesting {
    fn enter(&mut self, in_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(in_object);
        self.depth += 1;
    }

    fn leave(&mut self) {
        self.depth -= 1;
        self.bits >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
    }

    /// Whether that is an object; `None` where there is nothing more around.
    fn innermost(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.bits & 1 == 1)
    }
}

#[cfg(test)]
mod tests;
