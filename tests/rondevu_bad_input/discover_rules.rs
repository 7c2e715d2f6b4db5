//! The rules of tags and of the methods that anybody may call, and the budgets of a batch.

use serde_json::{Value, json};

use crate::support::rondevu::client::{Tagger, rpc};
use crate::support::server::Server;
use crate::{IN_MEMORY, assert_unharmed};

const BAD_TAG: &str = "Tag must be lowercase alphanumeric with optional dots/dashes, and start/end with alphanumeric";

async fn call(server: &Server, method: &str, params: Value) -> Value {
    rpc(server.address, &json!([{"method": method, "params": params}])).await.json()[0].take()
}

#[tokio::test]
async fn tags_are_checked_by_every_method_that_takes_some() {
    let server = Server::with(&[IN_MEMORY]).await;
    let tags = [
        (json!(null), "Tags must be an array".to_owned()),
        (json!("chat"), "Tags must be an array".to_owned()),
        (json!({}), "Tags must be an array".to_owned()),
        (json!([]), "At least one tag is required".to_owned()),
        (json!((0..21).map(|number| format!("t{number}")).collect::<Vec<_>>()), "Maximum 20 tags allowed".to_owned()),
        (json!(["a", "a"]), "Duplicate tags are not allowed".to_owned()),
        (json!(["ok", "Bad"]), format!("Tag 2: {BAD_TAG}")),
        (json!(["-bad"]), format!("Tag 1: {BAD_TAG}")),
        (json!(["bad."]), format!("Tag 1: {BAD_TAG}")),
        (json!(["b d"]), format!("Tag 1: {BAD_TAG}")),
        (json!(["bad\n"]), format!("Tag 1: {BAD_TAG}")),
        (json!(["b*d"]), format!("Tag 1: {BAD_TAG}")),
        (json!(["bäd"]), format!("Tag 1: {BAD_TAG}")),
        (json!(["😀😀"]), format!("Tag 1: {BAD_TAG}")),
        (json!(["t".repeat(65)]), "Tag 1: Tag must be at most 64 characters".to_owned()),
    ];
    let tagger = Tagger::new(server.address, 1);
    for (tags, sentence) in tags {
        let params = json!({"tags": tags, "offers": [{"sdp": "x"}]});
        let expected = json!({"success": false, "error": sentence, "errorCode": "INVALID_TAG"});
        for method in ["discover", "countOffersByTags"] {
            assert_eq!(call(&server, method, params.clone()).await, expected, "{method} {tags}");
        }
        for method in ["publishOffer", "updateOfferTags"] {
            assert_eq!(tagger.call(method, params.clone()).await, expected, "{method} {tags}");
        }
    }
    for wrong in [json!([5]), json!([null]), json!([["a"]]), json!([""])] {
        let answer = call(&server, "discover", json!({"tags": wrong})).await;
        assert_eq!(answer["errorCode"], "INVALID_TAG", "{answer}");
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn pages_are_counted_in_whole_numbers() {
    let server = Server::with(&[IN_MEMORY]).await;
    for name in ["limit", "offset"] {
        for wrong in [json!(-1), json!(1.5), json!("10"), json!([]), json!(true), json!(-1e300)] {
            let mut params = json!({"tags": ["a"], "limit": 10});
            params[name] = wrong.clone();
            let sentence = format!("{name} must be a non-negative integer");
            let expected = json!({"success": false, "error": sentence, "errorCode": "INVALID_PARAMS"});
            assert_eq!(call(&server, "discover", params).await, expected, "{name} {wrong}");
        }
    }
    let far =
        call(&server, "discover", json!({"tags": ["a"], "limit": 1e15, "offset": 9_007_199_254_740_991_u64})).await;
    assert_eq!((&far["result"]["offers"], &far["result"]["limit"]), (&json!([]), &json!(100)), "{far}");
}

#[tokio::test]
async fn a_batch_is_bounded_in_requests_and_in_operations() {
    let server = Server::with(&[IN_MEMORY]).await;
    let discover = json!({"method": "discover", "params": {"tags": ["a"]}});
    for count in [101, 10_000] {
        let answer = rpc(server.address, &vec![discover.clone(); count].into()).await;
        let sentence = "Too many requests in batch (max 100)";
        let expected = json!([{"success": false, "error": sentence, "errorCode": "BATCH_TOO_LARGE"}]);
        assert_eq!((answer.status, answer.json()), (413, expected));
        let old = json!({"method": "getUser", "message": "m", "signature": "s"});
        let answer = rpc(server.address, &vec![old; count].into()).await;
        assert_eq!((answer.status, answer.json()), (400, json!({"error": sentence})));
    }
    assert_eq!(rpc(server.address, &vec![discover; 100].into()).await.status, 200);

    let publish =
        json!({"method": "publishOffer", "params": {"tags": ["a"], "offers": vec![json!({"sdp": "x"}); 100]}});
    let answer = rpc(server.address, &vec![publish; 11].into()).await;
    let sentence = "Total operations across batch exceed limit: 1100 > 1000";
    let member = json!({"success": false, "error": sentence, "errorCode": "BATCH_TOO_LARGE"});
    assert_eq!((answer.status, answer.json()), (200, Value::from(vec![member; 11])));
    assert_unharmed(&server).await;
}
