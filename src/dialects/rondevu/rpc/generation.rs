//! Which generation a request to `/rpc` belongs to. They share a path, and most of their methods' names.

use serde_json::Value;

use super::tags;

/// One of the two APIs at `/rpc`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Generation {
    Services,
    Tags,
}

/// The header that may carry a caller's key, instead of each request's `auth`.
pub(super) const PUBLIC_KEY: &str = "x-publickey";

impl Generation {
    /// The code of an error, where the generation has codes.
    pub(super) fn code(self, code: &'static str) -> Option<&'static str> {
        (self == Self::Tags).then_some(code)
    }
}

/// What a request tells by itself; `by_key` says whether the HTTP request has a [`PUBLIC_KEY`]. Without a signed
/// `message` nothing is of the services.
pub(super) fn of(request: &Value, by_key: bool) -> Option<Generation> {
    let method = || request.get("method").and_then(Value::as_str);
    if request.get("message").is_some_and(Value::is_string) {
        Some(Generation::Services)
    } else if by_key
        || request.get("auth").is_some_and(Value::is_object)
        || method().is_some_and(|method| tags::METHODS_OF_ITS_OWN.contains(&method))
    {
        Some(Generation::Tags)
    } else {
        None
    }
}

/// The generation of each request of an array. One that tells nothing is of the same as the first that does. Where none
/// does, objects are taken for requests of tags, whose clients send nothing but arrays, and the rest for none of
/// theirs.
pub(super) fn of_array(requests: &[Value], by_key: bool) -> Vec<Generation> {
    let told = requests.iter().find_map(|request| of(request, by_key));
    let guessed = |request: &Value| if request.is_object() { Generation::Tags } else { Generation::Services };
    let each = |request: &Value| of(request, by_key).or(told).unwrap_or_else(|| guessed(request));
    requests.iter().map(each).collect()
}

/// The generation of a body that holds no request.
pub(super) fn of_nothing(by_key: bool) -> Generation {
    if by_key { Generation::Tags } else { Generation::Services }
}

#[cfg(test)]
mod tests {
    use super::{Generation::*, *};
    use serde_json::json;

    #[test]
    fn a_request_tells_its_generation() {
        for (request, expected) in [
            (json!({"method": "poll", "message": "poll:alice:5"}), Some(Services)),
            (json!({"method": "poll", "message": ""}), Some(Services)),
            (json!({"message": "x", "auth": {}}), Some(Services)),
            (json!({"method": "discover", "message": "x"}), Some(Services)),
            (json!({"method": "poll", "auth": {}}), Some(Tags)),
            (json!({"method": "poll", "auth": {}, "message": 5}), Some(Tags)),
            (json!({"method": "discover"}), Some(Tags)),
            (json!({"method": "countOffersByTags"}), Some(Tags)),
            (json!({"method": "publishOffer"}), Some(Tags)),
            (json!({"method": "updateOfferTags"}), Some(Tags)),
            (json!({"method": "deleteOffer"}), Some(Tags)),
            (json!({"method": "poll"}), None),
            (json!({"method": "publishService"}), None),
            (json!({"method": "poll", "auth": 5}), None),
            (json!({"method": ["discover"]}), None),
            (json!({}), None),
            (json!(5), None),
            (json!("discover"), None),
            (json!([{"message": "x"}]), None),
            (json!(null), None),
        ] {
            assert_eq!(of(&request, false), expected, "{request}");
        }
    }

    #[test]
    fn a_key_in_the_header_speaks_for_requests_without_a_message() {
        assert_eq!(of(&json!({"method": "poll"}), true), Some(Tags));
        assert_eq!(of(&json!(5), true), Some(Tags));
        assert_eq!(of(&json!({"message": "x"}), true), Some(Services));
        assert_eq!((of_nothing(true), of_nothing(false)), (Tags, Services));
    }

    #[test]
    fn members_of_an_array_speak_for_each_other() {
        let (signed, keyed, silent) = (json!({"message": "x"}), json!({"auth": {}}), json!({"method": "poll"}));
        for (requests, expected) in [
            (vec![], vec![]),
            (vec![signed.clone(), silent.clone(), json!(5)], vec![Services, Services, Services]),
            (vec![silent.clone(), keyed.clone(), json!(5)], vec![Tags, Tags, Tags]),
            (vec![keyed.clone(), signed.clone(), silent.clone()], vec![Tags, Services, Tags]),
            (vec![silent.clone(), json!({})], vec![Tags, Tags]),
            (vec![json!([]), json!(null), json!({})], vec![Services, Services, Tags]),
        ] {
            assert_eq!(of_array(&requests, false), expected, "{requests:?}");
        }
    }
}
