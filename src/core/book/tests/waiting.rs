//! Polls that are held open: everybody hears what arrives for it, and nobody is left in the map.

use futures_util::FutureExt;

use super::*;

#[test]
fn whoever_waits_hears_of_what_arrives_after_it_began_to_listen() {
    let (book, _) = book(LIMITS);
    publish(&book, START, offer(Space::Services, "o", "ann", &["t"])).expect("room");
    let mut ann = book.arrivals().listen((Space::Services, "ann".into()));
    let mut cyd = book.arrivals().listen((Space::Services, "cyd".into()));
    assert!(ann.arrival().now_or_never().is_none());
    assert!(book.answer(START, Key::new(Space::Services, "o"), answer("bob")).is_ok());
    assert_eq!(ann.arrival().now_or_never(), Some(true));
    assert!(ann.arrival().now_or_never().is_none());
    let mut bob = book.arrivals().listen((Space::Services, "bob".into()));
    let candidates = vec!["{}".into()];
    assert!(book.trickle(START, Key::new(Space::Services, "o"), From::Party("ann"), candidates).is_ok());
    assert_eq!(bob.arrival().now_or_never(), Some(true));
    assert!(cyd.arrival().now_or_never().is_none());
}

#[test]
fn both_sides_of_a_session_wait_for_its_code() {
    let (book, _) = book(LIMITS);
    publish(&book, START, offer(Space::Sessions, "code", "", &["t"])).expect("room");
    let mut waits = [(); 2].map(|()| book.arrivals().listen((Space::Sessions, "code".into())));
    assert_eq!(book.arrivals().len(), 1);
    let from = From::Side(Role::Offerer);
    assert!(book.trickle(START, Key::new(Space::Sessions, "code"), from, vec!["{}".into()]).is_ok());
    for wait in &mut waits {
        assert_eq!(wait.arrival().now_or_never(), Some(true));
    }
    drop(waits);
    assert!(book.arrivals().is_empty());
}

#[test]
fn closing_ends_all_waiting() {
    let (book, _) = book(LIMITS);
    let mut before = book.arrivals().listen((Space::Tags, "ann".into()));
    book.arrivals().close();
    let mut since = book.arrivals().listen((Space::Tags, "ann".into()));
    assert_eq!(before.arrival().now_or_never(), Some(false));
    assert_eq!(since.arrival().now_or_never(), Some(false));
}
