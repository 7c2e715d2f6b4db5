//! Pairs: whatever all of them do, everybody knows its one partner.

use std::{collections::HashMap, time::Duration};

use meetpoint::core::matchmaker::Rules;
use proptest::prelude::*;
use serde_json::Value;

use crate::stage::{Puppet, Stage, requeueing};

const CLIENTS: usize = 6;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Arrives, or says `available` when it is there.
    Available(usize),
    Next(usize),
    Leave(usize),
    Offer(usize),
    Auth(usize, u8),
    Cut(usize),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || 0..CLIENTS;
    let step = prop_oneof![
        5 => who().prop_map(Step::Available),
        3 => who().prop_map(Step::Next),
        1 => who().prop_map(Step::Leave),
        4 => who().prop_map(Step::Offer),
        1 => (who(), 0..3_u8).prop_map(|(who, user)| Step::Auth(who, user)),
        2 => who().prop_map(Step::Cut),
        1 => (0..6_000_u64).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 0..60)
}

fn rules() -> impl Strategy<Value = Rules> {
    (any::<bool>(), any::<bool>()).prop_map(|(on_partner_leave, on_next)| requeueing(on_partner_leave, on_next))
}

/// What a client knows from what it was told.
struct Client {
    puppet: Puppet,
    call: Option<Call>,
    offers: usize,
    refused: usize,
    refused_available: usize,
}

#[derive(PartialEq, Eq, Debug)]
struct Call {
    partner: String,
    room: String,
    initiator: bool,
}

impl Client {
    fn new(puppet: Puppet) -> Self {
        Self { puppet, call: None, offers: 0, refused: 0, refused_available: 0 }
    }

    /// Takes note of everything it was told; its own `next` and `leave` have ended its call before.
    fn listen(&mut self) -> Result<(), TestCaseError> {
        for frame in self.puppet.heard() {
            match frame["type"].as_str() {
                Some("ready") => prop_assert_eq!(&frame["clientId"], &self.puppet.id),
                Some("matched") => {
                    prop_assert_eq!(&self.call, &None, "matched twice without an end: {}", frame);
                    let text = |key: &str| frame[key].as_str().map(ToOwned::to_owned);
                    self.call = Some(Call {
                        partner: text("partnerId").expect("an id"),
                        room: text("roomId").expect("an id"),
                        initiator: frame["initiator"].as_bool().expect("a role"),
                    });
                }
                Some("partner-left") => {
                    prop_assert!(self.call.take().is_some(), "an end without a beginning: {}", frame);
                }
                Some("offer") => {
                    self.offers += 1;
                    let partner = self.call.as_ref().map(|call| Value::from(call.partner.clone()));
                    prop_assert_eq!(Some(&frame["from"]), partner.as_ref(), "a stranger's frame");
                }
                Some("error") if frame["code"] == "NOT_PAIRED" => self.refused += 1,
                Some("error") if frame["code"] == "ALREADY_PAIRED" => self.refused_available += 1,
                _ => prop_assert!(false, "unexpected {}", frame),
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn everybody_always_knows_its_one_partner_and_hears_nobody_else(rules in rules(), steps in steps()) {
        let mut stage = Stage::new(rules);
        let mut clients: HashMap<usize, Client> = HashMap::new();
        for step in steps {
            let now = stage.now;
            match step {
                Step::Available(n) => {
                    clients.entry(n).or_insert_with(|| Client::new(stage.enter())).puppet.say(r#"{"type":"available"}"#, now);
                }
                Step::Next(n) | Step::Leave(n) => if let Some(client) = clients.get_mut(&n) {
                    let paired = client.call.is_some();
                    let refused = client.refused;
                    let next = matches!(step, Step::Next(_));
                    client.call = None;
                    client.puppet.say(if next { r#"{"type":"next"}"# } else { r#"{"type":"leave"}"# }, now);
                    client.listen()?;
                    prop_assert_eq!(client.refused - refused, usize::from(next && !paired));
                },
                Step::Offer(n) => if let Some(client) = clients.get_mut(&n) {
                    let refused = client.refused;
                    let partner = client.call.as_ref().map(|call| call.partner.clone());
                    client.puppet.say(r#"{"type":"offer","sdp":1,"from":"spoof"}"#, now);
                    client.listen()?;
                    prop_assert_eq!(client.refused - refused, usize::from(partner.is_none()));
                    for other in clients.values_mut() {
                        let offers = other.offers;
                        other.listen()?;
                        let meant = Some(&other.puppet.id) == partner.as_ref();
                        prop_assert_eq!(other.offers - offers, usize::from(meant), "an offer reaches the partner, once");
                    }
                },
                Step::Auth(n, user) => if let Some(client) = clients.get_mut(&n) {
                    client.puppet.say(&format!(r#"{{"type":"auth","userId":{user}}}"#), now);
                },
                Step::Cut(n) => if let Some(client) = clients.remove(&n) {
                    client.puppet.cut(now);
                },
                Step::Pass(ms) => stage.pass(Duration::from_millis(ms)),
            }
            for client in clients.values_mut() {
                client.listen()?;
            }
            let by_id: HashMap<_, _> = clients.values().map(|client| (client.puppet.id.as_str(), client)).collect();
            for client in clients.values() {
                if let Some(call) = &client.call {
                    let partner = by_id.get(call.partner.as_str()).and_then(|partner| partner.call.as_ref());
                    let mine = Call { partner: client.puppet.id.clone(), room: call.room.clone(), initiator: !call.initiator };
                    prop_assert_eq!(partner, Some(&mine), "both agree, and one of them makes the offer, after {:?}", step);
                }
            }
            let paired = clients.values().filter(|client| client.call.is_some()).count();
            prop_assert_eq!(stage.lobby.census(stage.now).pairs * 2, paired);
        }
        for client in clients.into_values() {
            client.puppet.cut(stage.now);
        }
        let census = stage.lobby.census(stage.now);
        prop_assert_eq!((census.waiting, census.pairs), (0, 0));
    }

    #[test]
    fn a_client_of_the_original_never_hears_that_it_is_paired_already(steps in steps()) {
        let mut stage = Stage::new(requeueing(true, true));
        let mut clients: HashMap<usize, Client> = HashMap::new();
        for step in steps {
            let now = stage.now;
            match step {
                Step::Available(n) => {
                    let client = clients.entry(n).or_insert_with(|| Client::new(stage.enter()));
                    client.listen()?;
                    if client.call.is_none() {
                        client.puppet.say(r#"{"type":"available"}"#, now);
                    }
                }
                // As its front ends do: `available` at once, whatever the server has done meanwhile.
                Step::Next(n) => if let Some(client) = clients.get_mut(&n).filter(|client| client.call.is_some()) {
                    client.call = None;
                    client.puppet.say(r#"{"type":"next"}"#, now);
                    client.puppet.say(r#"{"type":"available"}"#, now);
                },
                Step::Cut(n) => if let Some(client) = clients.remove(&n) {
                    client.puppet.cut(now);
                },
                Step::Pass(ms) => stage.pass(Duration::from_millis(ms)),
                Step::Leave(_) | Step::Offer(_) | Step::Auth(..) => {}
            }
            for client in clients.values_mut() {
                let had_partner = client.call.is_some();
                client.listen()?;
                let abandoned = had_partner && client.call.is_none();
                if abandoned {
                    client.puppet.say(r#"{"type":"available"}"#, now);
                }
                client.listen()?;
                prop_assert_eq!(client.refused_available, 0, "after {:?}", step);
            }
        }
    }
}
