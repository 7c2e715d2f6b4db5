use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const CAPS: Caps = Caps { total: 10, per_client: 3, per_second: 0 };

fn address(last: u8) -> IpAddr {
    [192, 0, 2, last].into()
}

fn refused(entered: Result<Place, Full>) -> Option<Full> {
    entered.err()
}

#[test]
fn a_place_is_free_again_when_its_connection_has_gone() {
    let now = Instant::now();
    let connections = Connections::new(CAPS, now);
    let mut places: Vec<_> = (0..10).map(|last| connections.enter(Some(address(last)), now).ok()).collect();
    assert!(places.iter().all(Option::is_some));
    assert_eq!(refused(connections.enter(Some(address(11)), now)), Some(Full::Server));
    assert_eq!(connections.census(), (10, 10));
    places.pop();
    assert_eq!(connections.census(), (9, 10));
    assert!(connections.enter(Some(address(11)), now).is_ok());
}

#[test]
fn a_client_is_full_by_itself() {
    let now = Instant::now();
    let connections = Connections::new(CAPS, now);
    let mine: Vec<_> = (0..3).map(|_| connections.enter(Some(address(1)), now).ok()).collect();
    assert_eq!(refused(connections.enter(Some(address(1)), now)), Some(Full::Client));
    assert!(connections.enter(Some(address(2)), now).is_ok());
    drop(mine);
    assert!(connections.enter(Some(address(1)), now).is_ok());
}

#[test]
fn a_network_of_ipv6_is_one_client() {
    let now = Instant::now();
    let connections = Connections::new(CAPS, now);
    let of = |last: u16| Some(IpAddr::from([0x2001, 0xdb8, 1, 2, last, 0, 0, last]));
    let _mine: Vec<_> = (0..3).map(|last| connections.enter(of(last), now).ok()).collect();
    assert_eq!(refused(connections.enter(of(4), now)), Some(Full::Client));
    assert!(connections.enter(Some(IpAddr::from([0x2001, 0xdb8, 1, 3, 0, 0, 0, 1])), now).is_ok());
}

#[test]
fn behind_a_proxy_a_client_is_counted_once_it_is_known() {
    let now = Instant::now();
    let connections = Connections::new(CAPS, now);
    let _through: Vec<_> = (0..8).map(|_| connections.enter(None, now).ok()).collect();
    let claimed: Vec<_> = (0..3).map(|_| connections.claim(address(1)).ok()).collect();
    assert_eq!(connections.census().0, 8, "a claim is no further connection");
    assert_eq!(refused(connections.claim(address(1))), Some(Full::Client));
    assert_eq!(refused(connections.enter(Some(address(1)), now)), Some(Full::Client), "by whatever way it comes");
    drop(claimed);
    assert!(connections.claim(address(1)).is_ok());
}

#[test]
fn too_many_at_once_are_put_off_and_the_refused_do_not_count() {
    const SECOND: Duration = Duration::from_secs(1);
    let start = Instant::now();
    let connections = Connections::new(Caps { total: 1000, per_client: 1, per_second: 5 }, start);
    let mut places = Vec::new();
    let mut come = |last, now| connections.enter(Some(address(last)), now).map(|place| places.push(place)).err();
    for _ in 0..100 {
        come(0, start);
    }
    assert_eq!(come(0, start), Some(Full::Client));
    assert!((1..20).all(|last| come(last, start).is_none()), "a burst of four seconds' worth");
    assert_eq!(come(20, start), Some(Full::Rate));
    assert!((21..26).all(|last| come(last, start + SECOND).is_none()));
    assert_eq!(come(26, start + SECOND), Some(Full::Rate));
}

#[test]
fn lower_caps_throw_nobody_out_and_let_nobody_in() {
    let now = Instant::now();
    let connections = Connections::new(CAPS, now);
    let mut places: Vec<_> = (0..5).map(|last| connections.enter(Some(address(last)), now).ok()).collect();
    connections.set_caps(Caps { total: 4, per_client: 1, per_second: 0 });
    assert_eq!(connections.census(), (5, 4));
    assert_eq!(refused(connections.enter(Some(address(9)), now)), Some(Full::Server));
    places.truncate(3);
    assert_eq!(refused(connections.enter(Some(address(0)), now)), Some(Full::Client));
    assert!(connections.enter(Some(address(9)), now).is_ok());
    connections.set_caps(Caps { total: 4, per_client: 0, per_second: 0 });
    assert!(connections.enter(Some(address(0)), now).is_ok(), "any");
}

proptest! {
    /// Against the plainest thing that obeys the rules: a list of who is in.
    #[test]
    fn nothing_is_ever_counted_twice_or_forgotten(steps in proptest::collection::vec((0..4_u8, 0..3_u8), 1..80)) {
        let now = Instant::now();
        let connections = Connections::new(CAPS, now);
        let mut inside: Vec<(Place, bool, Option<u8>)> = Vec::new();
        for (step, who) in steps {
            let own = inside.iter().filter(|(_, _, client)| *client == Some(who)).count();
            let all = inside.iter().filter(|(_, in_all, _)| *in_all).count();
            match step {
                0 => {
                    let entered = connections.enter(Some(address(who)), now);
                    prop_assert_eq!(entered.is_ok(), all < 10 && own < 3);
                    inside.extend(entered.ok().map(|place| (place, true, Some(who))));
                }
                1 => {
                    let entered = connections.enter(None, now);
                    prop_assert_eq!(entered.is_ok(), all < 10);
                    inside.extend(entered.ok().map(|place| (place, true, None)));
                }
                2 => {
                    let claimed = connections.claim(address(who));
                    prop_assert_eq!(claimed.is_ok(), own < 3);
                    inside.extend(claimed.ok().map(|place| (place, false, Some(who))));
                }
                _ if !inside.is_empty() => drop(inside.swap_remove(usize::from(who) % inside.len())),
                _ => {}
            }
            let mut clients: BTreeMap<AddressKey, u32> = BTreeMap::new();
            for client in inside.iter().filter_map(|(_, _, client)| *client) {
                *clients.entry(address(client).into()).or_default() += 1;
            }
            let state = connections.0.lock();
            prop_assert_eq!(state.open, inside.iter().filter(|(_, in_all, _)| *in_all).count());
            prop_assert_eq!(state.of_client.iter().map(|(key, open)| (*key, *open)).collect::<BTreeMap<_, _>>(), clients);
        }
    }
}
