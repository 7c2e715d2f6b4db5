//! What has happened to a user's offers.

use std::{cmp::Reverse, sync::Arc};

use meetpoint_protocol::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{
    super::call::{Call, Failure, Outcome, raw, result},
    identity::user,
    request::Request,
};
use crate::{
    core::book::{Offer, Role, Space, Window},
    dialects::rondevu::hold,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    answers: Vec<Answered<'a>>,
    ice_candidates: ByOffer<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answered<'a> {
    offer_id: &'a str,
    service_id: &'a str,
    answerer_id: &'a str,
    sdp: &'a str,
    answered_at: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Trickled<'a> {
    id: u64,
    offer_id: &'a str,
    username: &'a str,
    role: &'static str,
    candidate: &'a RawValue,
    created_at: Timestamp,
}

/// The answerers' candidates of each offer that has some.
struct ByOffer<'a> {
    offers: &'a [Arc<Offer>],
    window: Window,
}

/// Tells the answers and the answerers' candidates that own offers have got since then, and can be held until there are
/// some. Whoever answers fetches candidates with `getIceCandidates`.
///
/// # Errors
/// In this order: who asks, a `wait` that is none.
pub(super) async fn poll(call: &mut Call<'_>, request: &Request<'_>) -> Outcome {
    let user = user(call, request)?;
    let wait = hold::wait(request.param("wait"));
    let wait = wait.map_err(|_| Failure::new("Invalid wait parameter: must be a non-negative number"))?;
    let since = request.since();
    let book = &call.rondevu.book;
    let look = |now: Timestamp| {
        let news = book.news(now, Space::Services, user, since);
        let concerns =
            |offer: &Arc<Offer>| answered_at(offer, news.window).is_some() || has_trickled(offer, news.window);
        let is_new = news.owned.iter().any(concerns);
        (news, is_new)
    };
    let news = call.hold((Space::Services, user.into()), wait, look).await;

    let mut answers: Vec<_> = news.owned.iter().filter_map(|offer| answered(offer, news.window)).collect();
    answers.sort_by_key(|answer| Reverse(answer.answered_at));
    result(&Told { answers, ice_candidates: ByOffer { offers: &news.owned, window: news.window } })
}

fn answered_at(offer: &Offer, window: Window) -> Option<Timestamp> {
    offer.answer.as_ref().map(|answer| answer.at).filter(|at| window.holds(*at))
}

fn has_trickled(offer: &Offer, window: Window) -> bool {
    offer.candidates(Role::Answerer, window).next().is_some()
}

fn answered(offer: &Offer, window: Window) -> Option<Answered<'_>> {
    let answered_at = answered_at(offer, window)?;
    let answer = offer.answer.as_ref()?;
    Some(Answered {
        offer_id: &offer.id,
        service_id: offer.service.as_ref().map_or("", |service| &service.id),
        answerer_id: &answer.by,
        sdp: &answer.sdp,
        answered_at,
    })
}

impl Serialize for ByOffer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let offers = self.offers.iter().filter(|offer| has_trickled(offer, self.window));
        serializer.collect_map(offers.map(|offer| (&*offer.id, OfOffer { offer, window: self.window })))
    }
}

struct OfOffer<'a> {
    offer: &'a Offer,
    window: Window,
}

impl Serialize for OfOffer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let candidates = self.offer.candidates(Role::Answerer, self.window);
        serializer.collect_seq(candidates.map(|one| Trickled {
            id: one.seq,
            offer_id: &self.offer.id,
            username: &one.by,
            role: one.role.name(),
            candidate: raw(&one.json),
            created_at: one.at,
        }))
    }
}
