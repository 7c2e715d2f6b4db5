//! A request that is encoded once and sent often: only the digits of its slots change from use to use.

/// Bytes of a request's body that are written anew before each use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    at: usize,
    len: usize,
}

/// A whole request, ready to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    bytes: Vec<u8>,
    body_at: usize,
}

impl Request {
    /// A request without a body. `headers`: lines of their own, each with its end.
    pub fn get(path: &str, authority: &str, headers: &str) -> Self {
        let bytes = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\n{headers}\r\n").into_bytes();
        Self { body_at: bytes.len(), bytes }
    }

    /// A request with a JSON body.
    pub fn post(path: &str, authority: &str, headers: &str, body: &str) -> Self {
        let mut bytes = format!(
            "POST {path} HTTP/1.1\r\nHost: {authority}\r\n{headers}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        let body_at = bytes.len();
        bytes.extend_from_slice(body.as_bytes());
        Self { bytes, body_at }
    }

    /// Where `placeholder` stands in the body; `None` when it does not stand there.
    pub fn slot(&self, placeholder: &str) -> Option<Slot> {
        let at = super::answer::find(&self.bytes[self.body_at..], placeholder.as_bytes())?;
        Some(Slot { at: self.body_at + at, len: placeholder.len() })
    }

    /// Writes into a slot; `value` has the slot's length.
    pub fn fill(&mut self, slot: Slot, value: &[u8]) {
        self.bytes[slot.at..slot.at + slot.len].copy_from_slice(value);
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_a_server_expects() {
        let get = Request::get("/t/sessions", "127.0.0.1:1", "Origin: http://a\r\n");
        assert_eq!(get.bytes(), b"GET /t/sessions HTTP/1.1\r\nHost: 127.0.0.1:1\r\nOrigin: http://a\r\n\r\n");
        let post = Request::post("/answer", "h", "", r#"{"é":1}"#);
        let text =
            "POST /answer HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"é\":1}";
        assert_eq!(post.bytes(), text.as_bytes());
    }

    #[test]
    fn slots_are_of_the_body_and_change_nothing_else() {
        let mut request = Request::post("/????", "h", "", r#"{"code":"????","n":"$$"}"#);
        let (code, number) = (request.slot("????").expect("a slot"), request.slot("$$").expect("a slot"));
        request.fill(code, b"abcd");
        request.fill(number, b"07");
        let text = String::from_utf8(request.bytes().to_vec()).expect("UTF-8");
        assert!(text.starts_with("POST /???? ") && text.ends_with(r#"{"code":"abcd","n":"07"}"#), "{text}");
        assert_eq!(request.slot("absent"), None);
    }
}
