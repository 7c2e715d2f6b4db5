//! Anything in any order.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Enter(Side, Option<u8>),
    /// One of those who were there comes to its end.
    Leave(usize),
    Say(usize),
    Alive(usize),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let side = prop_oneof![Just(Side::A), Just(Side::B)];
    let step = prop_oneof![
        3 => (side, proptest::option::of(0..2_u8)).prop_map(|(side, name)| Step::Enter(side, name)),
        2 => any::<usize>().prop_map(Step::Leave),
        6 => any::<usize>().prop_map(Step::Say),
        3 => any::<usize>().prop_map(Step::Alive),
        2 => (0..3000_u64).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..150)
}

proptest! {
    #[test]
    fn each_side_has_one_holder_and_every_frame_reaches_one_of_the_other_side_in_order(steps in steps()) {
        let mut stage = Stage::new();
        // Who is there, and since when somebody who waits has to ask again.
        let mut there: Vec<(Someone, Option<Instant>)> = Vec::new();
        let (mut said, mut heard) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
        let listen = |someone: &Someone, heard: &mut [Vec<String>; 2]| {
            let words = ["full", "left", "ping"];
            let frames = someone.heard().into_iter().filter(|text| !words.contains(&text.as_str()));
            heard[someone.side.other().index()].extend(frames);
        };
        for step in steps {
            match step {
                Step::Enter(side, name) => {
                    let name = name.map(|name| name.to_string());
                    there.push(stage.enter(side, name.as_deref()));
                }
                Step::Leave(index) => {
                    let Some(index) = index.checked_rem(there.len()) else { continue };
                    let (someone, _) = there.remove(index);
                    listen(&someone, &mut heard);
                    stage.leave(&someone);
                }
                Step::Say(index) => {
                    let Some(index) = index.checked_rem(there.len()) else { continue };
                    let (someone, later) = &there[index];
                    if later.is_none() {
                        let text = said[someone.side.index()].len().to_string();
                        match stage.say(someone, &text) {
                            Handed::Over | Handed::Kept => said[someone.side.index()].push(text),
                            Handed::NotSeated => prop_assert!(someone.closed().is_some()),
                            Handed::Full => {}
                        }
                    }
                }
                Step::Alive(index) => {
                    let Some(index) = index.checked_rem(there.len()) else { continue };
                    let (someone, _) = &there[index];
                    someone.duo().heard(someone.side, someone.guest.outbox.conn());
                }
                Step::Wait(millis) => stage.now += Duration::from_millis(millis),
            }
            // Those who were told to ask again do, and the refused go.
            let mut index = 0;
            while index < there.len() {
                let (someone, later) = &mut there[index];
                // Whoever has waited longest gets what is left to it.
                if someone.duo().is_seated(someone.side, someone.guest.outbox.conn()) {
                    *later = None;
                }
                if later.is_some_and(|later| later <= stage.now) && someone.closed().is_none() {
                    match stage.claim(someone) {
                        Welcome::Seated => *later = None,
                        Welcome::Later(until) | Welcome::Returns(until) => *later = Some(until),
                        Welcome::Busy => someone.guest.outbox.close(busy(someone.side)),
                    }
                }
                index += 1;
            }
            let (gone, rest): (Vec<_>, Vec<_>) = there.into_iter().partition(|(one, _)| one.closed().is_some());
            there = rest;
            for (someone, _) in gone {
                listen(&someone, &mut heard);
                stage.leave(&someone);
            }
            for side in Side::ALL {
                let holders = there.iter().filter(|(one, later)| one.side == side && later.is_none());
                prop_assert!(holders.count() <= 1, "two at side {:?}", side);
            }
            for (someone, _) in &there {
                listen(someone, &mut heard);
            }
            // What waits for a side that is not there has not been heard yet, and nothing else.
            for side in Side::ALL {
                let side = side.index();
                prop_assert_eq!(&heard[side][..], &said[side][..heard[side].len()]);
            }
        }
        for (someone, _) in there {
            stage.leave(&someone);
        }
        stage.now += TTL;
        stage.sides.retire(stage.now);
        prop_assert_eq!((stage.rooms(), stage.sides.kept()), (0, 0));
    }
}
