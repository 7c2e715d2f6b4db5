//! Presence is exact: whatever members of topics do, each of them hears exactly what concerns it, in order, and what it
//! knows of its topics is what the server has.

use meetpoint::dialects::Ending;
use proptest::prelude::*;
use serde_json::json;

use crate::cast::{Cast, TOPICS};

const CLIENTS: usize = 7;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Joins, or says something else of itself: so many bytes, or nothing.
    Join(usize, usize, Option<usize>),
    Leave(usize, usize),
    Auth(usize, u8),
    Publish(usize, usize, usize),
    /// An offer or a message to one, with or without a topic.
    Direct(usize, usize, Option<usize>, bool),
    Peers(usize, usize, usize),
    /// Asks for a page of those that it has not been told yet.
    CatchUp(usize),
    Topics(usize),
    /// Its socket ends, by a cut or by silence.
    Cut(usize, bool),
    /// Its socket takes so many bytes more and then nothing.
    Stall(usize, usize),
    /// It reads on, unless the server has given it up.
    Flow(usize),
    /// The server takes leave of those that it has given up.
    Reap,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || 0..CLIENTS;
    let topic = || 0..TOPICS.len();
    let info = prop_oneof![1 => Just(None), 1 => (0..40_usize).prop_map(Some), 2 => (0..1000_usize).prop_map(Some)];
    let step = prop_oneof![
        12 => (who(), topic(), info).prop_map(|(who, topic, info)| Step::Join(who, topic, info)),
        3 => (who(), topic()).prop_map(|(who, topic)| Step::Leave(who, topic)),
        1 => (who(), 0..3_u8).prop_map(|(who, user)| Step::Auth(who, user)),
        6 => (who(), topic(), 0..900_usize).prop_map(|(who, topic, bytes)| Step::Publish(who, topic, bytes)),
        4 => (who(), who(), proptest::option::of(topic()), any::<bool>())
            .prop_map(|(who, to, topic, offer)| Step::Direct(who, to, topic, offer)),
        1 => (who(), topic(), 1..4_usize).prop_map(|(who, topic, limit)| Step::Peers(who, topic, limit)),
        3 => who().prop_map(Step::CatchUp),
        1 => who().prop_map(Step::Topics),
        2 => (who(), any::<bool>()).prop_map(|(who, silent)| Step::Cut(who, silent)),
        3 => (who(), 0..500_usize).prop_map(|(who, bytes)| Step::Stall(who, bytes)),
        1 => who().prop_map(Step::Flow),
        1 => Just(Step::Reap),
    ];
    proptest::collection::vec(step, 0..150)
}

fn act(cast: &mut Cast, step: Step) {
    match step {
        Step::Join(who, topic, info) => cast.join(who, TOPICS[topic], info.map(|bytes| json!("i".repeat(bytes)))),
        Step::Leave(who, topic) => cast.leave(who, TOPICS[topic]),
        Step::Auth(who, user) => cast.auth(who, (user > 0).then(|| json!(user))),
        Step::Publish(who, topic, bytes) => cast.publish(who, TOPICS[topic], "d".repeat(bytes)),
        Step::Direct(who, to, topic, offer) => {
            let kind = if offer { "offer" } else { "send" };
            cast.direct(who, to, topic.map(|topic| TOPICS[topic]), kind);
        }
        Step::Peers(who, topic, limit) => cast.peers(who, TOPICS[topic], limit),
        Step::CatchUp(who) => drop(cast.catch_up(who)),
        Step::Topics(who) => cast.list(who),
        Step::Cut(who, silent) => cast.cut(who, if silent { Ending::Silent } else { Ending::Cut }),
        Step::Stall(who, bytes) => cast.stall(who, bytes),
        Step::Flow(who) => cast.flow(who),
        Step::Reap => cast.reap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn everybody_hears_what_concerns_it_and_knows_exactly_who_is_there(is_global: bool, steps in steps()) {
        let mut cast = Cast::new(CLIENTS, is_global);
        for step in steps {
            act(&mut cast, step);
            cast.check().map_err(|fault| TestCaseError::fail(format!("after {step:?}: {fault}")))?;
        }
        cast.settle().map_err(TestCaseError::fail)?;
        cast.check().map_err(|fault| TestCaseError::fail(format!("in the end: {fault}")))?;
        cast.check_against_server().map_err(TestCaseError::fail)?;
        for who in 0..CLIENTS {
            cast.cut(who, Ending::Cut);
        }
        prop_assert_eq!(cast.census(), (0, 0), "rooms without members are gone");
    }
}
