//! A request as this generation reads it.

use meetpoint_protocol::{Timestamp, rondevu::SignedMessage};
use serde_json::Value;

use super::super::call::Failure;

/// A request with all that every method must have.
pub(super) struct Request<'a> {
    pub method: &'a str,
    /// What was signed.
    pub message: &'a str,
    /// The same, taken apart.
    pub signed: SignedMessage<'a>,
    /// As it came.
    pub signature: &'a str,
    /// As it came.
    pub public_key: Option<&'a str>,
    params: Option<&'a Value>,
}

impl<'a> Request<'a> {
    /// # Errors
    /// What is missing: the first of method, message, signature. Empty text is missing.
    pub(super) fn read(request: &'a Value) -> Result<Self, Failure> {
        let text = |name: &str| request.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let required = |name: &str| text(name).ok_or_else(|| Failure::new(format!("Missing or invalid {name}")));
        let (method, message) = (required("method")?, required("message")?);
        Ok(Self {
            method,
            message,
            signed: SignedMessage::parse(message),
            signature: required("signature")?,
            public_key: text("publicKey"),
            params: request.get("params"),
        })
    }

    pub(super) fn param(&self, name: &str) -> Option<&'a Value> {
        self.params?.get(name)
    }

    /// A parameter that is text, and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.param(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// The offer that is meant. Without an id there is none.
    pub(super) fn offer_id(&self) -> &'a str {
        self.text("offerId").unwrap_or_default()
    }

    /// What is asked for is newer than this. Whatever is no number asks for all.
    pub(super) fn since(&self) -> Timestamp {
        let millis = self.param("since").and_then(Value::as_f64).unwrap_or_default();
        // Nothing happens between two milliseconds: a fraction changes nothing. What is below 0 becomes 0.
        Timestamp::from_millis(millis as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_missing_is_told_in_its_order() {
        for (request, missing) in [
            (json!({}), "method"),
            (json!(5), "method"),
            (json!(null), "method"),
            (json!([]), "method"),
            (json!("x"), "method"),
            (json!({"method": "", "message": "m", "signature": "s"}), "method"),
            (json!({"method": 1, "message": "m", "signature": "s"}), "method"),
            (json!({"method": "poll", "signature": "s"}), "message"),
            (json!({"method": "poll", "message": 1, "signature": "s"}), "message"),
            (json!({"method": "poll", "message": "m"}), "signature"),
            (json!({"method": "poll", "message": "m", "signature": ""}), "signature"),
        ] {
            let error = Request::read(&request).err().map(|failure| failure.error);
            assert_eq!(error, Some(format!("Missing or invalid {missing}")), "{request}");
        }
    }

    #[test]
    fn since_is_a_number_or_everything() {
        for (since, expected) in [
            (json!(null), 0),
            (json!(0), 0),
            (json!(-5), 0),
            (json!("7"), 0),
            (json!(7), 7),
            (json!(7.9), 7),
            (json!(1e300), u64::MAX),
        ] {
            let request = json!({"method": "poll", "message": "m", "signature": "s", "params": {"since": since}});
            let request = Request::read(&request).expect("a request");
            assert_eq!(request.since().millis(), expected);
        }
    }
}
