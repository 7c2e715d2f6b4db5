//! `POST /rpc`, where two generations live: services (`services`, signed messages of users with names) and tags
//! (`tags`, signed requests of keys).
//!
//! ```text
//! C → S  {method, message, signature, publicKey?, params?}   S → C  {success: true, result} | {success: false, error}
//! C → S  [{method, params?, auth?: {publicKey, timestamp, nonce, signature}}, …]
//!                                                            S → C  [… | {success: false, error, errorCode}, …]
//! ```
//! A request or an array of them; the calls of an array are made one after the other, each sees what those before it
//! did, and none is kept from the others by its failure. Everything is answered at once, when all that was changed is
//! durable: 200, or 503 when the storage took some of it not.

mod answer;
mod call;
mod generation;
mod services;
mod tags;
mod view;

#[cfg(test)]
mod tests;

use std::sync::{Arc, atomic::Ordering::Relaxed};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use http::HeaderMap;
use serde_json::{Map, Value, json};
use tokio::task::yield_now;

use self::{
    answer::{Answer, Fault, Reply},
    call::{Call, Failure, Outcome},
    generation::Generation,
};
use super::{Rondevu, body, hold, reply::UNAVAILABLE};
use crate::{
    core::book::{Commit, Space, all_durable},
    guard::cors::Cors,
};

pub static CORS: Cors = Cors {
    methods: "GET,POST,OPTIONS",
    headers: "Content-Type,Origin",
    more_headers: Some("Content-Type,Origin,X-PublicKey,X-Timestamp,X-Nonce,X-Signature"),
    max_age: "86400",
    credentials: false,
    exposed: "Content-Type",
};

/// How much the calls of one array may answer, in bytes: when it is passed, the rest are not made. One call may answer
/// a hundred offers, and an array make a hundred calls; no client comes near it.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

pub fn routes() -> Router<Arc<Rondevu>> {
    Router::new().route("/rpc", post(rpc))
}

/// The answer to a client that comes too often.
pub fn busy(headers: &HeaderMap) -> Response {
    Fault::TooOften(generation::of_nothing(headers.contains_key(generation::PUBLIC_KEY))).into_response()
}

/// How many offers with tags there are, as clients of that generation look for it at `GET /`.
pub fn index(rondevu: &Rondevu) -> Map<String, Value> {
    let offers = rondevu.book.stock(rondevu.clock.now()).offers[Space::Tags as usize];
    Map::from_iter([("stats".to_owned(), json!({ "offers": offers }))])
}

async fn rpc(State(rondevu): State<Arc<Rondevu>>, request: Request) -> Response {
    let headers = request.headers().clone();
    match answer(&rondevu, &headers, request).await {
        Ok(answer) => answer.into_response(),
        Err(fault) => fault.into_response(),
    }
}

async fn answer(rondevu: &Rondevu, headers: &HeaderMap, request: Request) -> Result<Answer, Fault> {
    let by_key = headers.contains_key(generation::PUBLIC_KEY);
    let text = body::read(request, rondevu.max_body.load(Relaxed)).await.map_err(Fault::Unread)?;
    match body::json(&text) {
        None => Err(Fault::NotJson(generation::of_nothing(by_key))),
        Some(Value::Array(requests)) => {
            let generations = generation::of_array(&requests, by_key);
            let Some(first) = generations.first() else { return Err(Fault::Empty(generation::of_nothing(by_key))) };
            let max = rondevu.offers.max_batch;
            if requests.len() > max {
                return Err(Fault::TooMany(*first, max));
            }
            let members: Vec<_> = generations.into_iter().zip(&requests).collect();
            Ok(Answer::Array(all(rondevu, headers, &members).await))
        }
        Some(request) => match generation::of(&request, by_key) {
            Some(Generation::Tags) => Err(Fault::NoArray),
            _ => {
                let replies = all(rondevu, headers, &[(Generation::Services, &request)]).await;
                replies.into_iter().next().map(Answer::One).ok_or(Fault::Empty(Generation::Services))
            }
        },
    }
}

/// Makes the calls one after the other.
async fn all(rondevu: &Rondevu, headers: &HeaderMap, members: &[(Generation, &Value)]) -> Vec<Reply> {
    let too_much = too_many_operations(members);
    let began = rondevu.clock.now();
    let mut answered = 0;
    let mut made: Vec<(Outcome, Vec<Commit>)> = Vec::with_capacity(members.len());
    for (index, (generation, request)) in members.iter().enumerate() {
        if index > 0 {
            // The calls of one array are not others' waiting time.
            yield_now().await;
        }
        let waited = rondevu.clock.now().since(began);
        let mut call = Call::new(rondevu, headers, hold::LONGEST.saturating_sub(waited));
        let outcome = match generation {
            _ if answered > MAX_ANSWER => Err(Failure {
                error: "Too much to answer at once, make fewer calls in one request".into(),
                code: generation.code(tags::code::BATCH_TOO_LARGE),
            }),
            Generation::Services => services::call(&mut call, request).await,
            Generation::Tags => match &too_much {
                Some(failure) => Err(failure.clone()),
                None => tags::call(&mut call, request).await,
            },
        };
        answered += outcome.as_ref().map_or(0, |result| result.get().len());
        made.push((outcome, call.into_commits()));
    }
    let mut replies = Vec::with_capacity(made.len());
    for ((outcome, commits), (generation, _)) in made.into_iter().zip(members) {
        let durable = all_durable(commits)
            .await
            .map_err(|_| Failure { error: UNAVAILABLE.into(), code: generation.code(tags::code::STORAGE_UNAVAILABLE) });
        replies.push(Reply::new(durable.and(outcome)));
    }
    replies
}

/// Why no call of tags is made: together they do too much.
fn too_many_operations(members: &[(Generation, &Value)]) -> Option<Failure> {
    let of_tags = members.iter().filter(|(generation, _)| *generation == Generation::Tags);
    let operations: usize = of_tags.map(|(_, request)| tags::operations(request)).sum();
    (operations > tags::MAX_OPERATIONS).then(|| {
        let max = tags::MAX_OPERATIONS;
        let error = format!("Total operations across batch exceed limit: {operations} > {max}");
        Failure::coded(tags::code::BATCH_TOO_LARGE, error)
    })
}
