//! Codes against a plain list of all that were ever minted.

use meetpoint_protocol::noisy::{AppId, Code};
use proptest::prelude::*;

use super::*;

const TTL: u64 = 1000;

#[derive(Clone, Debug)]
enum Step {
    Mint,
    /// One of those minted so far.
    Redeem(usize),
    /// One that perhaps nobody has.
    Guess(u32),
    Wait(u64),
    Commit,
    Fail,
}

/// What is known of a code that was given out.
#[derive(Clone, Debug)]
struct Given {
    code: Code,
    app: AppId,
    minted: u64,
    redeemed: Option<u64>,
}

impl Given {
    fn lives(&self, now: u64) -> bool {
        self.redeemed.is_none() && now < self.minted + TTL
    }

    fn rests(&self, now: u64) -> bool {
        !self.lives(now) && now < self.redeemed.unwrap_or(self.minted + TTL) + TTL
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Mint),
        4 => any::<usize>().prop_map(Step::Redeem),
        2 => (0..10_000_u32).prop_map(Step::Guess),
        2 => (0..TTL).prop_map(Step::Wait),
        2 => Just(Step::Commit),
        1 => Just(Step::Fail),
    ];
    proptest::collection::vec(step, 1..120)
}

fn limits() -> Limits {
    Limits { codes: CodeRules { digits: 4, ttl: Duration::from_millis(TTL) }, ..ROOMY }
}

proptest! {
    #[test]
    fn a_code_leads_once_where_it_was_minted_for_and_rests_before_it_is_minted_again(steps in steps()) {
        let (book, journal) = book(limits());
        let (mut now, mut given) = (0, Vec::<Given>::new());
        let mut durable = given.clone();
        for step in steps {
            match step {
                Step::Mint => {
                    let (code, minted) = book.mint(after(now)).expect("room").split().0;
                    prop_assert!(!given.iter().any(|known| known.code == code && (known.lives(now) || known.rests(now))));
                    prop_assert_eq!(minted.expires, after(now + TTL));
                    given.push(Given { code, app: minted.app, minted: now, redeemed: None });
                }
                Step::Redeem(index) => {
                    let Some(index) = index.checked_rem(given.len()) else { continue };
                    let known = given[index].clone();
                    // The same digits may have been given out twice by now.
                    let latest = given.iter_mut().rev().find(|other| other.code == known.code).expect("itself");
                    let redeemed = book.redeem(after(now), known.code).map(|written| written.split().0.app);
                    let expected = if latest.lives(now) {
                        Ok(latest.app)
                    } else {
                        Err(if latest.rests(now) { Refusal::CodeSpent } else { Refusal::NotFound })
                    };
                    prop_assert_eq!(redeemed, expected);
                    if latest.lives(now) {
                        latest.redeemed = Some(now);
                    }
                }
                Step::Guess(number) => {
                    let code = Code::new(number, 4).expect("four digits");
                    if !given.iter().any(|known| known.code == code) {
                        prop_assert_eq!(book.redeem(after(now), code).err(), Some(Refusal::NotFound));
                    }
                }
                Step::Wait(millis) => now += millis,
                Step::Commit => {
                    journal.commit();
                    durable = given.clone();
                }
                Step::Fail => {
                    journal.fail(&book);
                    prop_assert_eq!(book.mint(after(now)).err(), Some(Refusal::Unavailable));
                    journal.repair();
                    given = durable.clone();
                }
            }
            prop_assert_eq!(book.stock(after(now)).codes, given.iter().filter(|known| known.lives(now)).count());
        }
    }
}

#[test]
fn one_of_many_who_redeem_at_once_succeeds() {
    let (book, _) = book(limits());
    let (code, minted) = book.mint(START).expect("room").split().0;
    let won: Vec<_> = std::thread::scope(|scope| {
        let redeem = || (0..500).filter_map(|_| book.redeem(START, code).ok()).map(|won| won.split().0).collect();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(redeem)).collect();
        threads.into_iter().flat_map(|thread| -> Vec<_> { thread.join().expect("no panic") }).collect()
    });
    assert_eq!(won, [minted]);
}

#[test]
fn codes_have_a_share_of_their_own_and_leave_the_rest_alone() {
    let (book, _) = book(Limits { bytes: 1 << 20, ..limits() });
    let minted = (0..).take_while(|_| book.mint(START).is_ok()).count();
    assert_eq!(book.mint(START).err(), Some(Refusal::Full));
    assert!((500..1000).contains(&minted), "{minted}");
    publish(&book, START, offer(Space::Sessions, "o", "ann", &["t"])).expect("room for offers");
}
