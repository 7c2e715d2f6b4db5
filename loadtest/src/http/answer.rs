//! Answers of an HTTP/1.1 server (RFC 9112): the status and a body whose length is told beforehand. Nothing else is read.

use super::Fault;

/// Bytes of an answer's head: more than any server needs for its headers.
const MAX_HEAD: usize = 16 * 1024;
/// Bytes of an answer's body: beyond what any request of a scenario can bring.
pub const MAX_BODY: usize = 16 * 1024 * 1024;

/// An answer, borrowed from the bytes it came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
    /// The server closes the connection behind this answer.
    pub last: bool,
    /// Bytes of the whole answer: its head and its body.
    pub len: usize,
}

/// The answer that begins `bytes`; `None` while a part of it is missing.
pub fn decode(bytes: &[u8]) -> Result<Option<Answer<'_>>, Fault> {
    let within = &bytes[..bytes.len().min(MAX_HEAD)];
    let Some(head_len) = find(within, b"\r\n\r\n").map(|at| at + 4) else {
        return if bytes.len() < MAX_HEAD { Ok(None) } else { Err(Fault::Malformed("a head without end")) };
    };
    let mut lines = Lines(&bytes[..head_len - 2]);
    let status = lines.next().and_then(parse_status).ok_or(Fault::Malformed("no status line of HTTP/1.1"))?;
    let mut body_len = None;
    let mut last = false;
    for line in lines {
        // Most headers are neither; their first letter tells.
        match line.first() {
            Some(b'c' | b'C') => {
                if let Some(value) = header(line, "content-length") {
                    let len = parse_length(value)?;
                    if body_len.replace(len).is_some_and(|earlier| earlier != len) {
                        return Err(Fault::Malformed("two lengths for one answer"));
                    }
                } else if let Some(value) = header(line, "connection") {
                    last |= value.eq_ignore_ascii_case(b"close");
                }
            }
            Some(b't' | b'T') if header(line, "transfer-encoding").is_some() => {
                return Err(Fault::Malformed("an answer with a transfer encoding: this client reads lengths only"));
            }
            _ => {}
        }
    }
    let body_len = match (status, body_len) {
        (100..200, _) => return Err(Fault::Malformed("an interim answer")),
        (204 | 304, _) => 0,
        (_, Some(len)) => len,
        (_, None) => return Err(Fault::Malformed("an answer without a length")),
    };
    let len = head_len + body_len;
    Ok(bytes.get(head_len..len).map(|body| Answer { status, body, last, len }))
}

/// The lines of a head without their ends.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let at = find(self.0, b"\r\n")?;
        let line = &self.0[..at];
        self.0 = &self.0[at + 2..];
        Some(line)
    }
}

/// Where `needle` begins for the first time.
pub fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let (first, rest) = needle.split_first()?;
    let mut from = 0;
    loop {
        from += bytes.get(from..)?.iter().position(|byte| byte == first)? + 1;
        if bytes[from..].starts_with(rest) {
            return Some(from - 1);
        }
    }
}

/// `HTTP/1.1 200 OK`
fn parse_status(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.1 ")?;
    let (digits, rest) = rest.split_first_chunk::<3>()?;
    let end = rest.first().is_none_or(|byte| *byte == b' ');
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|status| end && *status >= 100)
}

/// The value of a header with this name.
fn header<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (found, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    found.eq_ignore_ascii_case(name.as_bytes()).then(|| value.trim_ascii())
}

fn parse_length(value: &[u8]) -> Result<usize, Fault> {
    let digits = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(digits) = digits.filter(|text| !text.is_empty()) else {
        return Err(Fault::Malformed("a length that is no number"));
    };
    // A number too large for the type is as absurd as any other above the limit.
    match digits.parse() {
        Ok(len) if len <= MAX_BODY => Ok(len),
        _ => Err(Fault::Malformed("an answer longer than any that was asked for")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-LENGTH:  4 \r\n\r\nbody";

    #[test]
    fn an_answer_is_read_only_when_complete() {
        let answer = Answer { status: 200, body: b"body", last: false, len: GOOD.len() };
        assert_eq!(decode(GOOD), Ok(Some(answer)));
        for cut in 0..GOOD.len() {
            assert_eq!(decode(&GOOD[..cut]), Ok(None), "cut at {cut}");
        }
    }

    #[test]
    fn what_stands_behind_an_answer_is_left_for_the_next() {
        let second = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n";
        let bytes = [GOOD, second, b"HTTP/1.1 2"].concat();
        let first = decode(&bytes).expect("well-formed").expect("complete");
        assert_eq!((first.body, first.len), (&b"body"[..], GOOD.len()));
        let next = decode(&bytes[first.len..]).expect("well-formed").expect("complete");
        assert_eq!((next.status, next.body, next.last, next.len), (404, &b""[..], true, second.len()));
        assert_eq!(decode(&bytes[first.len + next.len..]), Ok(None));
    }

    #[test]
    fn an_answer_without_content_has_no_body_whatever_it_says() {
        for head in ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304\r\ncontent-length: 9\r\n\r\n"] {
            let answer = decode(head.as_bytes()).expect("well-formed").expect("complete");
            assert_eq!((answer.body, answer.len), (&b""[..], head.len()), "{head}");
        }
    }

    fn refused(bytes: &[u8]) -> &'static str {
        match decode(bytes) {
            Err(Fault::Malformed(why)) => why,
            other => panic!("{:?}: {other:?}", String::from_utf8_lossy(bytes)),
        }
    }

    fn with_headers(headers: &str) -> Vec<u8> {
        format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n").into_bytes()
    }

    #[test]
    fn a_chunked_answer_is_refused_by_name() {
        let why = refused(&with_headers("Transfer-Encoding: chunked"));
        assert!(why.contains("transfer encoding"), "{why}");
        refused(&with_headers("Content-Length: 3\r\ntransfer-encoding: gzip"));
    }

    #[test]
    fn absurd_lengths_are_refused_before_anything_is_awaited() {
        for length in ["16777217", "18446744073709551616", "99999999999999999999999999", "-1", "+1", "4x", "", "0x10"] {
            refused(&with_headers(&format!("Content-Length: {length}")));
        }
        refused(&with_headers("Content-Length: 4\r\nContent-Length: 5"));
        assert_eq!(decode(&with_headers("Content-Length: 4\r\nContent-Length: 4")), Ok(None));
        assert_eq!(decode(&with_headers("Content-Length: 16777216")), Ok(None));
    }

    #[test]
    fn what_is_no_answer_of_http_1_1_is_refused() {
        for head in [
            "HTTP/1.0 200 OK\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 2000\r\n\r\n",
            "HTTP/1.1 099 \r\n\r\n",
            "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "SSH-2.0-x\r\n\r\n",
            "\r\n\r\n",
        ] {
            refused(head.as_bytes());
        }
    }

    #[test]
    fn a_head_without_end_is_not_read_for_ever() {
        let endless = with_headers(&"x".repeat(MAX_HEAD));
        assert_eq!(decode(&endless[..MAX_HEAD - 1]), Ok(None));
        refused(&endless);
    }

    #[test]
    fn a_needle_is_found_where_it_begins() {
        assert_eq!(find(b"aaab", b"aab"), Some(1));
        assert_eq!(find(b"aab", b"aab"), Some(0));
        assert_eq!(find(b"aa", b"aab"), None);
        assert_eq!(find(b"", b"a"), None);
    }
}
