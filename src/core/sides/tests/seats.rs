//! Who sits where, and what waits for who does not.

use super::{duo::PROOF_OF_LIFE, *};

#[test]
fn both_hear_that_the_room_is_full_then_what_the_other_says_then_that_it_left() {
    let mut stage = Stage::new();
    let a = stage.seat(Side::A);
    assert_eq!(a.heard(), [""; 0]);
    let b = stage.seat(Side::B);
    assert_eq!((a.heard(), b.heard()), (vec!["full".to_owned()], vec!["full".to_owned()]));
    assert_eq!(stage.say(&a, "x"), Handed::Over);
    assert_eq!((a.heard().len(), b.heard()), (0, vec!["x".to_owned()]));
    stage.leave(&b);
    assert_eq!(a.heard(), ["left"]);
    stage.leave(&a);
    assert_eq!((stage.rooms(), stage.sides.attendance()), (0, Attendance::default()));
}

#[test]
fn what_is_said_to_nobody_is_heard_by_who_comes_in_order_and_once() {
    let mut stage = Stage::new();
    let a = stage.seat(Side::A);
    for text in ["1", "2"] {
        assert_eq!(stage.say(&a, text), Handed::Kept);
    }
    let b = stage.seat(Side::B);
    assert_eq!(b.heard(), ["full", "1", "2"]);
    stage.leave(&b);
    assert_eq!(stage.seat(Side::B).heard(), ["full"]);
    assert_eq!(stage.sides.kept(), 0);
}

#[test]
fn what_is_kept_is_bounded_by_number_bytes_and_age_and_the_oldest_stay() {
    let mut stage = Stage::new();
    let a = stage.seat(Side::A);
    let kept = (0..100).filter(|n| stage.say(&a, &n.to_string()) == Handed::Kept).count();
    assert_eq!(kept, MOST_KEPT_FRAMES);
    stage.now += TTL;
    assert_eq!(stage.say(&a, &"x".repeat(MOST_KEPT_BYTES)), Handed::Kept, "the others are too old by now");
    assert_eq!(stage.say(&a, "y"), Handed::Full);
    assert_eq!(stage.seat(Side::B).heard().iter().map(String::len).collect::<Vec<_>>(), [4, MOST_KEPT_BYTES]);
}

#[test]
fn what_is_kept_in_all_rooms_together_is_bounded() {
    let mut stage = Stage::with(ROOMY, 10_000);
    let a = stage.seat(Side::A);
    let kept = (0..100).filter(|_| stage.say(&a, &"x".repeat(1000)) == Handed::Kept).count();
    assert_eq!(kept, 9);
}

#[test]
fn a_room_that_keeps_something_for_nobody_is_forgotten_in_time() {
    let mut stage = Stage::new();
    for _ in 0..3 {
        let a = stage.seat(Side::A);
        assert_eq!(stage.say(&a, "x"), Handed::Kept);
        stage.leave(&a);
        stage.now += TTL / 2;
        stage.sides.retire(stage.now);
        assert_eq!(stage.rooms(), 1);
    }
    stage.now += TTL;
    stage.sides.retire(stage.now);
    assert_eq!((stage.rooms(), stage.sides.kept(), stage.sides.orphans.lock().len()), (0, 0, 0));
}

#[test]
fn a_newcomer_is_refused_as_soon_as_the_holder_shows_that_it_lives() {
    let mut stage = Stage::new();
    let a = stage.seat(Side::A);
    let (rival, later) = stage.enter(Side::A, None);
    assert_eq!((a.heard(), later), (vec!["ping".to_owned()], Some(stage.now + PROOF_OF_LIFE)));
    assert_eq!(rival.closed(), None);
    a.duo().heard(Side::A, a.guest.outbox.conn());
    assert_eq!((rival.closed(), a.closed()), (Some(Close::SideABusy), None));
}

#[test]
fn a_holder_that_shows_nothing_for_two_seconds_is_replaced_and_can_do_no_harm() {
    let mut stage = Stage::new();
    let (dead, other) = (stage.seat(Side::A), stage.seat(Side::B));
    let (mut rival, later) = stage.enter(Side::A, None);
    stage.now += PROOF_OF_LIFE / 2;
    assert_eq!(stage.claim(&mut rival), Welcome::Later(later.expect("a moment")), "too early");
    stage.now = later.expect("a moment");
    assert_eq!(stage.claim(&mut rival), Welcome::Seated);
    assert_eq!(dead.closed(), Some(Close::Replaced));
    assert_eq!((rival.heard(), other.heard()), (vec!["full".to_owned()], vec!["full".to_owned(); 2]));
    assert_eq!(stage.say(&dead, "late"), Handed::NotSeated);
    stage.leave(&dead);
    assert_eq!(stage.say(&other, "x"), Handed::Over);
    assert_eq!(rival.heard(), ["x"]);
}

#[test]
fn who_comes_back_by_its_name_takes_its_seat_at_once() {
    let mut stage = Stage::new();
    let (before, _) = stage.enter(Side::B, Some("me"));
    let (_, later) = stage.enter(Side::B, Some("you"));
    assert!(later.is_some());
    let (_again, later) = stage.enter(Side::B, Some("me"));
    assert_eq!((later, before.closed()), (None, Some(Close::Replaced)));
}

#[test]
fn after_three_refusals_the_next_ones_take_longer_and_longer_until_it_is_calm() {
    let mut stage = Stage::new();
    let a = stage.seat(Side::A);
    let mut waits = Vec::new();
    for _ in 0..9 {
        let (mut rival, later) = stage.enter(Side::A, None);
        a.duo().heard(Side::A, a.guest.outbox.conn());
        if rival.closed().is_some() {
            waits.push(0);
        } else {
            let later = later.expect("a moment");
            waits.push((later - stage.now).as_secs());
            stage.now = later;
            assert_eq!(stage.claim(&mut rival), Welcome::Busy);
        }
        stage.leave(&rival);
    }
    assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 15, 15]);
    stage.now += Duration::from_secs(11);
    let (rival, _) = stage.enter(Side::A, None);
    a.duo().heard(Side::A, a.guest.outbox.conn());
    assert!(rival.closed().is_some());
}

#[test]
fn a_waiting_newcomer_gets_a_side_that_has_become_free() {
    let mut stage = Stage::new();
    let a = stage.seat(Side::A);
    let (mut rival, _) = stage.enter(Side::A, None);
    stage.leave(&a);
    assert!(rival.duo().is_seated(Side::A, rival.guest.outbox.conn()), "at once");
    assert_eq!(stage.claim(&mut rival), Welcome::Seated);
    assert_eq!(stage.rooms(), 1);
    stage.leave(&rival);
    assert_eq!(stage.rooms(), 0);
}
