//! Who may do what, once, and until when.

use std::time::Duration;

use super::*;
use crate::config::Secret;

fn key(space: Space, id: &str) -> Key<'_> {
    Key::new(space, id)
}

#[test]
fn the_first_answer_stays_except_on_sessions() {
    for space in Space::ALL {
        let (book, _) = book(LIMITS);
        publish(&book, START, offer(space, "o", "ann", &["t"])).expect("room");
        assert!(book.answer(START, key(space, "o"), answer("bob")).is_ok());
        let again = book.answer(START, key(space, "o"), NewAnswer { sdp: "another", ..answer("cyd") });
        assert_eq!(again.is_ok(), space == Space::Sessions, "{space:?}");
        let kept = book.offer(START, key(space, "o")).expect("live");
        let sdp = &kept.answer.as_ref().expect("answered").sdp;
        assert_eq!(&**sdp, if space == Space::Sessions { "another" } else { "an answer" });
    }
}

#[test]
fn an_answered_offer_is_not_found_by_topic_except_a_peers() {
    for space in Space::ALL {
        let (book, _) = book(LIMITS);
        publish(&book, START, offer(space, "o", "ann", &["t"])).expect("room");
        assert_eq!(book.newest(START, space, "", "t", 9).len(), 1);
        assert!(book.answer(START, key(space, "o"), answer("bob")).is_ok());
        assert_eq!(book.newest(START, space, "", "t", 9).len(), usize::from(space == Space::Offers), "{space:?}");
        assert!(book.offer(START, key(space, "o")).is_some());
    }
}

#[test]
fn a_secret_is_asked_for_before_anything_is_told_of_an_answer() {
    let (book, _) = book(LIMITS);
    let secret = NewOffer { secret: Some(Secret::new("s")), ..offer(Space::Offers, "o", "ann", &["t"]) };
    publish(&book, START, secret).expect("room");
    let with = |secret| NewAnswer { secret, ..answer("bob") };
    for wrong in [None, Some(""), Some("S")] {
        assert_eq!(book.answer(START, key(Space::Offers, "o"), with(wrong)).err(), Some(Refusal::WrongSecret));
    }
    assert!(book.answer(START, key(Space::Offers, "o"), with(Some("s"))).is_ok());
    assert_eq!(book.answer(START, key(Space::Offers, "o"), with(None)).err(), Some(Refusal::WrongSecret));
    assert_eq!(book.answer(START, key(Space::Offers, "o"), with(Some("s"))).err(), Some(Refusal::Answered));
}

#[test]
fn another_realm_and_nothing_look_the_same() {
    let (book, _) = book(LIMITS);
    let here = NewOffer { realm: "https://a.example".into(), ..offer(Space::Sessions, "code", "", &["t"]) };
    publish(&book, START, here).expect("room");
    let there = Key { space: Space::Sessions, realm: "https://b.example", id: "code" };
    assert!(book.offer(START, there).is_none());
    assert_eq!(book.answer(START, there, answer("")).err(), Some(Refusal::NotFound));
    assert_eq!(book.trickle(START, there, From::Side(Role::Offerer), vec![]).err(), Some(Refusal::NotFound));
    assert!(book.newest(START, Space::Sessions, "https://b.example", "t", 9).is_empty());
}

#[test]
fn what_has_expired_is_invisible_in_that_very_millisecond() {
    for space in Space::ALL {
        let (book, _) = book(LIMITS);
        publish(&book, START, offer(space, "o", "ann", &["t"])).expect("room");
        assert!(book.offer(after(999), key(space, "o")).is_some());
        assert!(book.offer(after(1000), key(space, "o")).is_none());
        assert!(book.newest(after(1000), space, "", "t", 9).is_empty());
        assert!(book.owned(after(1000), space, "ann").is_empty());
        assert_eq!(book.answer(after(1000), key(space, "o"), answer("bob")).err(), Some(Refusal::NotFound));
        assert!(publish(&book, after(1000), offer(space, "o", "bob", &["t"])).is_ok(), "its id is free");
    }
}

#[test]
fn candidates_grow_strictly_also_within_one_request_and_one_millisecond() {
    let (book, _) = book(LIMITS);
    publish(&book, START, offer(Space::Offers, "o", "ann", &["t"])).expect("room");
    let trickle = |who, count: usize| {
        let candidates = (0..count).map(|index| index.to_string().into()).collect();
        book.trickle(START, key(Space::Offers, "o"), From::Party(who), candidates)
    };
    assert_eq!(trickle("bob", 1).err(), Some(Refusal::NotYours));
    assert!(trickle("ann", 3).is_ok() && trickle("ann", 3).is_ok());
    assert!(book.answer(START, key(Space::Offers, "o"), answer("bob")).is_ok());
    assert!(trickle("bob", 2).is_ok());
    let kept = book.offer(START, key(Space::Offers, "o")).expect("live");
    let times: Vec<_> = kept.candidates.iter().map(|candidate| candidate.at).collect();
    assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
    let since = kept.candidates[2].at;
    assert_eq!(kept.candidates(Role::Offerer, since).count(), 3);
    assert_eq!(kept.candidates(Role::Answerer, since).count(), 2);
}

#[test]
fn who_polls_for_all_its_offers_misses_nothing_by_asking_for_what_is_newer() {
    let (book, _) = book(LIMITS);
    for id in ["one", "two"] {
        publish(&book, START, offer(Space::Services, id, "ann", &["t"])).expect("room");
    }
    let many = (0..100).map(|index| index.to_string().into()).collect();
    assert!(book.trickle(START, key(Space::Services, "one"), From::Party("bob"), many).is_ok());
    let seen = book.offer(START, key(Space::Services, "one")).expect("live").latest;
    assert!(book.trickle(START, key(Space::Services, "two"), From::Party("bob"), vec!["{}".into()]).is_ok());
    let news = book.news(START, Space::Services, "ann", seen);
    assert_eq!(news.owned.iter().map(|offer| &*offer.id).collect::<Vec<_>>(), ["two"]);
}

#[test]
fn a_poll_is_told_much_piece_by_piece_and_everything_once() {
    let (book, _) = book(Limits { bytes: 1 << 30, ..LIMITS });
    for id in ["one", "two"] {
        publish(&book, START, offer(Space::Tags, id, "ann", &["t"])).expect("room");
        let large: Text = format!("\"{}\"", "x".repeat(40_000)).into();
        assert!(book.trickle(START, key(Space::Tags, id), From::Party("bob"), vec![large; 200]).is_ok());
    }
    let (mut told, mut since, mut polls) = (0, Timestamp::default(), 0);
    loop {
        let news = book.news(START, Space::Tags, "ann", since);
        let times: Vec<_> = news
            .owned
            .iter()
            .flat_map(|offer| offer.candidates(Role::Answerer, news.window))
            .map(|candidate| candidate.at)
            .collect();
        let Some(newest) = times.iter().max() else { break };
        since = *newest;
        told += times.len();
        polls += 1;
    }
    assert_eq!(told, 400);
    assert!(polls > 3, "{polls}");
}

#[test]
fn limits_refuse_and_evict_nothing() {
    let (book, _) = book(LIMITS);
    for index in 0..LIMITS.per_owner {
        publish(&book, START, offer(Space::Tags, &format!("a{index}"), "ann", &["t"])).expect("room");
    }
    let more = publish(&book, START, offer(Space::Tags, "more", "ann", &["t"]));
    assert_eq!(more.err(), Some(Refusal::TooManyOffers));
    for index in 0..LIMITS.offers - LIMITS.per_owner {
        publish(&book, START, offer(Space::Sessions, &format!("s{index}"), "", &["t"])).expect("room");
    }
    let before = told(&book, START);
    assert_eq!(publish(&book, START, offer(Space::Offers, "x", "bob", &["t"])).err(), Some(Refusal::Full));
    let large = "x".repeat(LIMITS.bytes);
    let heavy = vec![large.as_str().into()];
    let full = book.trickle(START, key(Space::Sessions, "s0"), From::Side(Role::Offerer), heavy);
    assert_eq!(full.err(), Some(Refusal::Full));
    let many = vec!["1".into(); Limits::CANDIDATES_PER_SIDE + 1];
    let many = book.trickle(START, key(Space::Sessions, "s0"), From::Side(Role::Offerer), many);
    assert_eq!(many.err(), Some(Refusal::TooManyCandidates));
    assert_eq!(told(&book, START), before, "refusals leave no trace");
}

#[test]
fn a_book_that_is_over_a_lowered_limit_still_serves_what_it_has() {
    let kept = {
        let (book, _) = book(LIMITS);
        let offers = (0..3).map(|index| offer(Space::Sessions, &format!("{index}"), "", &["t"])).collect();
        book.publish(START, offers).expect("room").split().0
    };
    let chance = Arc::new(Chance::from_seed(7));
    let kept = Kept { offers: kept, ..Kept::default() };
    let limits = Limits { offers: 2, ..LIMITS };
    let book = Book::new(Arc::new(Scripted::default()), kept, limits, chance, START);
    assert!(book.answer(START, key(Space::Sessions, "0"), answer("")).is_ok());
    assert_eq!(publish(&book, START, offer(Space::Sessions, "more", "", &["t"])).err(), Some(Refusal::Full));
}

#[test]
fn a_batch_is_kept_as_a_whole_or_not_at_all() {
    let (book, _) = book(LIMITS);
    publish(&book, START, offer(Space::Offers, "taken", "ann", &["t"])).expect("room");
    let before = told(&book, START);
    let batch = ["one", "two", "taken"].map(|id| offer(Space::Offers, id, "bob", &["t"]));
    assert_eq!(book.publish(START, batch.to_vec()).err(), Some(Refusal::IdTaken));
    assert_eq!(told(&book, START), before);
}

#[test]
fn the_same_content_is_refreshed_for_its_peer_and_salted_for_another() {
    let (book, _) = book(LIMITS);
    let content = |owner, ttl| NewOffer {
        id: NewId::Content("digest".into()),
        sdp: "same".into(),
        ttl: Duration::from_secs(ttl),
        ..offer(Space::Offers, "", owner, &["t"])
    };
    let first = publish(&book, START, content("ann", 1)).expect("room");
    let again = publish(&book, after(500), content("ann", 5)).expect("a refresh");
    assert_eq!((&*again.id, again.seq, again.expires), ("digest", first.seq, after(5500)));
    let other = publish(&book, START, content("bob", 1)).expect("an id of its own");
    assert_ne!(other.id, first.id);
    assert_eq!(publish(&book, START, content("bob", 1)).expect("a refresh").id, other.id);
    assert_eq!(book.stock(START).offers.iter().sum::<usize>(), 2);
}

#[test]
fn a_name_is_held_by_its_key_for_a_year_after_its_last_use() {
    const DAY: u64 = 24 * 3600 * 1000;
    let (book, _) = book(LIMITS);
    assert!(book.claim(START, "ann", "key").is_ok());
    assert_eq!(book.claim(START, "ann", "other").err(), Some(Refusal::NameTaken));
    assert_eq!(book.claim(START, "bob", "key").err(), Some(Refusal::KeyTaken));
    assert!(book.renew(after(DAY / 2), "ann").is_ok());
    let held = book.name(after(DAY / 2), "ann").expect("held");
    assert_eq!(held.expires, after(365 * DAY), "not every use is worth a write");
    assert!(book.renew(after(2 * DAY), "ann").is_ok());
    assert_eq!(book.name(after(2 * DAY), "ann").expect("held").expires, after(367 * DAY));
    assert!(book.name(after(367 * DAY), "ann").is_none());
    assert!(book.claim(after(367 * DAY), "ann", "other").is_ok());
}

#[test]
fn a_nonce_is_good_once_until_it_is_forgotten() {
    let (book, _) = book(LIMITS);
    for kept in [true, false] {
        let nonce = [u8::from(kept); 16];
        assert!(book.spend(START, nonce, after(10), kept).is_ok());
        assert_eq!(book.spend(after(9), nonce, after(20), kept).err(), Some(Refusal::NonceSpent));
        assert!(book.spend(after(10), nonce, after(20), kept).is_ok());
    }
}

#[test]
fn a_nonce_that_the_journal_never_had_leaves_nothing_for_it_to_forget() {
    let (book, journal) = book(LIMITS);
    assert!(book.spend(START, [1; 16], after(10), false).is_ok());
    assert!(book.spend(START, [2; 16], after(10), true).is_ok());
    journal.commit();
    assert!(book.sweep(after(10)).is_ok());
    let swept = std::mem::take(&mut journal.0.lock().waiting);
    let forgotten: Vec<_> = swept
        .into_iter()
        .filter_map(|change| if let Change::Forgotten(dead) = change { Some(dead.nonces) } else { None })
        .collect();
    assert_eq!(forgotten, [[[2; 16]]]);
}

#[test]
fn what_a_journal_could_not_keep_is_undone_and_nothing_is_taken_until_it_works() {
    let (book, journal) = book(LIMITS);
    publish(&book, START, offer(Space::Tags, "kept", "ann", &["t"])).expect("room");
    assert!(book.claim(START, "ann", "key").is_ok());
    journal.commit();
    let before = told(&book, START);
    publish(&book, START, offer(Space::Tags, "lost", "bob", &["t"])).expect("room");
    let answered = book.answer(START, key(Space::Tags, "kept"), answer("bob")).expect("free");
    assert!(book.trickle(START, key(Space::Tags, "kept"), From::Party("ann"), vec!["1".into()]).is_ok());
    assert!(book.retag(START, Space::Tags, "bob", vec!["u".into()]).is_ok());
    assert!(book.claim(START, "bob", "his").is_ok());
    assert!(book.spend(START, [1; 16], after(9), true).is_ok());
    journal.fail(&book);
    assert_eq!(told(&book, START), before);
    assert_eq!(publish(&book, START, offer(Space::Tags, "new", "bob", &["t"])).err(), Some(Refusal::Unavailable));
    let waited = futures_util::FutureExt::now_or_never(answered.durable());
    assert_eq!(waited.expect("decided").err(), Some(Unavailable));
    journal.repair();
    assert!(book.spend(START, [1; 16], after(9), true).is_ok(), "the nonce was not spent");
    assert!(book.answer(START, key(Space::Tags, "kept"), answer("bob")).is_ok(), "the answer was not given");
}

#[test]
fn sweeping_takes_little_at_a_time_and_nothing_that_came_back() {
    let (book, journal) = book(Limits { offers: 10_000, bytes: 1 << 30, ..LIMITS });
    for index in 0..SWEPT_AT_ONCE + 10 {
        publish(&book, START, offer(Space::Sessions, &format!("{index}"), "", &["t"])).expect("room");
    }
    assert!(book.spend(START, [1; 16], after(10), true).is_ok());
    journal.commit();
    let now = after(1000);
    assert!(book.spend(now, [1; 16], after(5000), true).is_ok());
    let (mut sweeps, mut gone) = (0, 0);
    loop {
        let (more, _commit) = book.sweep(now).expect("ready");
        sweeps += 1;
        if !more {
            break;
        }
    }
    for change in std::mem::take(&mut journal.0.lock().waiting) {
        if let Change::Forgotten(batch) = change {
            assert!(batch.offers.len() <= SWEPT_AT_ONCE);
            assert!(batch.nonces.is_empty(), "it was spent again");
            gone += batch.offers.len();
        }
    }
    assert_eq!(gone, SWEPT_AT_ONCE + 10);
    assert!(sweeps >= 2);
    assert_eq!(book.stock(now).offers.iter().sum::<usize>(), 0);
}
