//! A request as this generation reads it.

use meetpoint_protocol::{
    Timestamp,
    rondevu::{Tag, tag},
};
use serde_json::Value;

use super::{super::call::Failure, code};

/// Tags of an offer, or of a question for offers.
const MAX_TAGS: usize = 20;

/// A request that has a method.
pub(super) struct Request<'a> {
    pub method: &'a str,
    /// What is signed beside the method, as it came.
    pub params: Option<&'a Value>,
    /// What the caller says of itself, as it came.
    pub auth: Option<&'a Value>,
}

impl<'a> Request<'a> {
    /// # Errors
    /// It has no method.
    pub(super) fn read(request: &'a Value) -> Result<Self, Failure> {
        let method = request.get("method").and_then(Value::as_str).filter(|method| !method.is_empty());
        let method = method.ok_or_else(|| Failure::coded(code::INVALID_PARAMS, "Missing or invalid method"))?;
        Ok(Self { method, params: request.get("params"), auth: request.get("auth") })
    }

    /// A parameter; `null` is one too.
    pub(super) fn param(&self, name: &str) -> Option<&'a Value> {
        self.params?.get(name)
    }

    /// The offer that is meant.
    ///
    /// # Errors
    /// No text, or an empty one.
    pub(super) fn offer_id(&self) -> Result<&'a str, Failure> {
        let id = self.param("offerId").and_then(Value::as_str).filter(|id| !id.is_empty());
        id.ok_or_else(|| Failure::coded(code::INVALID_PARAMS, "offerId must be a non-empty string"))
    }

    /// `tags`, at least one, at most [`MAX_TAGS`] and at most `max`.
    ///
    /// # Errors
    /// The first that is wrong.
    pub(super) fn tags(&self, max: usize) -> Result<Vec<Tag>, Failure> {
        let tags = tag::tags(self.param("tags"), max.min(MAX_TAGS));
        tags.map_err(|error| Failure::coded(code::INVALID_TAG, error.to_string()))
    }

    /// What is asked for is newer than this; all of it where it is absent.
    ///
    /// # Errors
    /// No number, or one below 0.
    pub(super) fn since(&self) -> Result<Timestamp, Failure> {
        let Some(since) = self.param("since") else { return Ok(Timestamp::default()) };
        let millis = since.as_f64().filter(|millis| *millis >= 0.0);
        // Nothing happens between two milliseconds: a fraction changes nothing.
        millis.map(|millis| Timestamp::from_millis(millis as u64)).ok_or_else(|| {
            Failure::coded(code::INVALID_PARAMS, "Invalid since parameter: must be a non-negative number")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_has_a_method() {
        for request in [json!({}), json!(5), json!([]), json!("poll"), json!({"method": ""}), json!({"method": 5})] {
            let error = Request::read(&request).err().map(|failure| (failure.error, failure.code));
            assert_eq!(error, Some(("Missing or invalid method".to_owned(), Some(code::INVALID_PARAMS))), "{request}");
        }
    }

    #[test]
    fn parameters_are_read_from_whatever_came() {
        for params in [json!(null), json!(5), json!("offerId"), json!([]), json!({}), json!({"offerId": ""})] {
            let request = json!({"method": "poll", "params": params});
            let request = Request::read(&request).expect("a request");
            let error = request.offer_id().expect_err("no id").error;
            assert_eq!(error, "offerId must be a non-empty string");
        }
    }

    #[test]
    fn since_is_a_number_from_0_on() {
        let read = |since: Value| {
            let request = json!({"method": "poll", "params": {"since": since}});
            Request::read(&request).and_then(|request| request.since()).map(Timestamp::millis)
        };
        for (since, expected) in [(json!(0), 0), (json!(-0.0), 0), (json!(7.9), 7), (json!(1e300), u64::MAX)] {
            assert_eq!(read(since.clone()), Ok(expected), "{since}");
        }
        for since in [json!(null), json!(-1), json!(-0.5), json!("5"), json!(true), json!([]), json!({})] {
            let error = read(since.clone()).expect_err("no time");
            assert_eq!(error.error, "Invalid since parameter: must be a non-negative number", "{since}");
            assert_eq!(error.code, Some(code::INVALID_PARAMS));
        }
        let request = json!({"method": "poll"});
        assert_eq!(Request::read(&request).and_then(|request| request.since()), Ok(Timestamp::default()));
    }

    #[test]
    fn tags_are_limited_by_the_wire_and_by_the_server() {
        let count = |tags: usize, max: usize| {
            let tags: Vec<_> = (0..tags).map(|number| format!("t{number}")).collect();
            let request = json!({"method": "discover", "params": {"tags": tags}});
            let read = Request::read(&request).and_then(|request| request.tags(max));
            read.map(|tags| tags.len()).map_err(|failure| failure.error)
        };
        assert_eq!((count(20, 50), count(3, 3)), (Ok(20), Ok(3)));
        assert_eq!(count(21, 50), Err("Maximum 20 tags allowed".to_owned()));
        assert_eq!(count(4, 3), Err("Maximum 3 tags allowed".to_owned()));
    }
}
