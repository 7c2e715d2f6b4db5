//! The matcher, with a thread for each client, as sessions use it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use meetpoint_models::core::{
    chance::Chance,
    event::{Departure, Event, Match},
    lobby::Lobby,
    matchmaker::Rules,
    room::Delivery,
};
use shuttle::thread;

use crate::stage::{Client, any, explore, say, start, turn};

const CLIENTS: u8 = 4;
const STEPS: usize = 4;

/// What one client does: it looks for partners, speaks to them and goes. Whether it stays in the end.
fn live(lobby: &Lobby, client: &Client) -> bool {
    let mut room = None;
    let _ = lobby.available(&client.outbox, &mut turn());
    for _ in 0..STEPS {
        match client.outbox.take_event() {
            Some(Event::Matched(Match { room: new, .. })) => room = Some(new),
            Some(Event::PartnerLeft(_)) => room = None,
            None => {}
        }
        match (any(6), &room) {
            (0, _) => drop(lobby.available(&client.outbox, &mut turn())),
            (1, _) => {
                if lobby.next(client.id(), &mut turn()).is_ok() {
                    room = None;
                }
            }
            (2, _) => {
                lobby.leave(client.id(), &mut turn());
                room = None;
            }
            (3, _) => {
                lobby.gone(client.id(), Departure::Disconnected, &mut turn());
                return false;
            }
            (_, Some(room)) => {
                let said = say(&format!("frame {}", room.id), |frame| room.relay(client.id(), frame, &mut turn()));
                assert!(matches!(said, Delivery::Delivered | Delivery::NotSeated), "{said:?}");
            }
            (_, None) => {}
        }
    }
    true
}

/// What one client was told, in order.
#[derive(Default)]
struct Told {
    /// Room, partner, and whether it makes the offer.
    matches: Vec<[String; 3]>,
    /// The partner of the last match is there, as far as was said.
    has_partner: bool,
}

impl Told {
    fn of(client: &Client) -> Self {
        let mut told = Self::default();
        for frame in client.heard() {
            let words: Vec<&str> = frame.iter().map(String::as_str).collect();
            match words[..] {
                ["matched", room, partner, initiator] => {
                    told.matches.push([room, partner, initiator].map(str::to_owned));
                    told.has_partner = true;
                }
                ["left"] => assert!(std::mem::take(&mut told.has_partner), "told once that a partner left"),
                // Whoever ended a pair itself is told nothing, and may not have been matched anew.
                ["frame", room] => assert_eq!(told.matches.last().map(|[of, ..]| &**of), Some(room), "a stranger's"),
                _ => panic!("{words:?}"),
            }
        }
        told
    }
}

#[test]
fn pairs_are_of_two_who_know_of_each_other_and_nobody_waits_beside_somebody() {
    explore(|| {
        let rules = Rules {
            requeue_on_partner_leave: true,
            requeue_on_next: true,
            rematch_cooldown: Duration::ZERO,
            rematch_memory: 0,
        };
        let lobby = Arc::new(Lobby::new(rules, Arc::new(Chance::from_seed(1))));
        let clients: Vec<_> = (1..=CLIENTS).map(Client::new).collect();
        let lives: Vec<_> = clients
            .iter()
            .cloned()
            .map(|client| {
                let lobby = lobby.clone();
                thread::spawn(move || live(&lobby, &client))
            })
            .collect();
        let stayed: Vec<bool> = lives.into_iter().map(|life| life.join().expect("no panic")).collect();

        let told: HashMap<_, _> = clients.iter().map(|client| (client.id().to_string(), Told::of(client))).collect();
        for (me, mine) in &told {
            for [room, partner, initiator] in &mine.matches {
                let others = told[partner].matches.iter().filter(|[of, ..]| of == room);
                let [[_, them, theirs]] = others.collect::<Vec<_>>()[..] else { panic!("{room} seats two") };
                assert!(them == me && theirs != initiator, "{me} and {partner} see one pair");
            }
        }
        let census = lobby.census(start());
        assert!(census.waiting <= 1, "{census:?}");

        // Whoever is still there leaves: every partner is told, and nothing is left.
        for (client, stays) in clients.iter().zip(stayed) {
            if stays {
                lobby.gone(client.id(), Departure::Left, &mut turn());
            }
            Told::of(client);
        }
        let census = lobby.census(start());
        assert_eq!((census.waiting, census.pairs), (0, 0));
    });
}

#[test]
fn whoever_is_left_hears_so_before_it_is_refused_for_it() {
    explore(|| {
        let rules = Rules {
            requeue_on_partner_leave: false,
            requeue_on_next: false,
            rematch_cooldown: Duration::from_secs(5),
            rematch_memory: 3,
        };
        let lobby = Arc::new(Lobby::new(rules, Arc::new(Chance::from_seed(1))));
        let [stays, leaves] = [1, 2].map(Client::new);
        for client in [&stays, &leaves] {
            lobby.available(&client.outbox, &mut turn()).expect("nobody is paired with it");
        }
        let Some(Event::Matched(Match { room, .. })) = stays.outbox.take_event() else { panic!("they meet") };
        let parting = thread::spawn({
            let (lobby, leaver) = (lobby.clone(), leaves.id());
            move || lobby.gone(leaver, Departure::Disconnected, &mut turn())
        });
        if say("anyone there?", |frame| room.relay(stays.id(), frame, &mut turn())) == Delivery::NotSeated {
            assert!(matches!(stays.outbox.take_event(), Some(Event::PartnerLeft(_))));
        }
        parting.join().expect("no panic");
        assert!(Told::of(&stays).matches.len() == 1 && !Told::of(&stays).has_partner);
    });
}
