//! What has happened to the offers that a key has made or answered.

use std::{cmp::Reverse, sync::Arc};

use meetpoint_protocol::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{
    super::call::{Call, Failure, Outcome, raw, result},
    auth::caller,
    code,
    discover::texts,
    request::Request,
};
use crate::{
    core::book::{Answer, News, Offer, Role, Space, Text, Window},
    dialects::rondevu::hold,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Polled<'a> {
    answers: Vec<Answered<'a>>,
    ice_candidates: &'a Told,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answered<'a> {
    offer_id: &'a str,
    answerer_public_key: &'a str,
    sdp: &'a str,
    answered_at: Timestamp,
    #[serde(serialize_with = "some_texts", skip_serializing_if = "Option::is_none")]
    matched_tags: Option<&'a [Text]>,
}

fn some_texts<S: Serializer>(some: &Option<&[Text]>, serializer: S) -> Result<S::Ok, S::Error> {
    texts(some.unwrap_or_default(), serializer)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Trickled<'a> {
    id: u64,
    offer_id: &'a str,
    public_key: &'a str,
    role: &'static str,
    candidate: &'a RawValue,
    created_at: Timestamp,
}

/// Tells the answers that own offers have got since then, and the other side's candidates on all offers that the caller
/// has made or answered. Can be held until there is something.
///
/// # Errors
/// In this order: who asks, `since`, `wait`.
pub(super) async fn poll(call: &mut Call<'_>, request: &Request<'_>) -> Outcome {
    let key = caller(call, request, false)?;
    let since = request.since()?;
    let wait = hold::wait(request.param("wait"))
        .map_err(|_| Failure::coded(code::INVALID_PARAMS, "Invalid wait parameter: must be a non-negative number"))?;
    let look = |now: Timestamp| {
        let news = Told(call.rondevu.book.news(now, Space::Tags, &key, since));
        let is_new = !news.is_empty();
        (news, is_new)
    };
    let news = call.hold((Space::Tags, key.clone()), wait, look).await;
    let mut answers: Vec<_> = news.answers().map(|(offer, answer)| answered(offer, answer)).collect();
    answers.sort_by_key(|answer| Reverse(answer.answered_at));
    result(&Polled { answers, ice_candidates: &news })
}

fn answered<'a>(offer: &'a Offer, answer: &'a Answer) -> Answered<'a> {
    Answered {
        offer_id: &offer.id,
        answerer_public_key: &answer.by,
        sdp: &answer.sdp,
        answered_at: answer.at,
        matched_tags: answer.matched.as_deref(),
    }
}

/// What there is to tell a caller. As JSON: the candidates for it, of each offer that has some.
struct Told(News);

impl Told {
    fn is_empty(&self) -> bool {
        self.answers().next().is_none() && self.trickled().next().is_none()
    }

    fn answers(&self) -> impl Iterator<Item = (&Offer, &Answer)> {
        let answered = self.0.owned.iter().filter_map(|offer| Some((&**offer, &**offer.answer.as_ref()?)));
        answered.filter(|(_, answer)| self.0.window.holds(answer.at))
    }

    /// The offers with candidates for the caller.
    fn trickled(&self) -> impl Iterator<Item = Trickle<'_>> {
        let from = |role| move |offer| Trickle { offer, from: role, window: self.0.window };
        let owned = self.0.owned.iter().map(from(Role::Answerer));
        owned.chain(self.0.answered.iter().map(from(Role::Offerer))).filter(|trickle| !trickle.is_empty())
    }
}

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.trickled().map(|trickle| (&*trickle.offer.id, trickle)))
    }
}

/// One side's candidates on an offer.
struct Trickle<'a> {
    offer: &'a Arc<Offer>,
    from: Role,
    window: Window,
}

impl Trickle<'_> {
    fn is_empty(&self) -> bool {
        self.offer.candidates(self.from, self.window).next().is_none()
    }
}

impl Serialize for Trickle<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let candidates = self.offer.candidates(self.from, self.window);
        serializer.collect_seq(candidates.map(|one| Trickled {
            id: one.seq,
            offer_id: &self.offer.id,
            public_key: &one.by,
            role: one.role.name(),
            candidate: raw(&one.json),
            created_at: one.at,
        }))
    }
}
