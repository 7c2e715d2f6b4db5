//! What the compiler knows of secrets.

use meetpoint::{
    config::{Key, Secret},
    guard::{admin::Admin, credentials::Credentials, token::Tokens},
};
use meetpoint_scorecard::{Goal, figure};

/// Does not compile when one of the types has the trait: then there are two answers to the question, and none is inferred.
macro_rules! assert_has_no {
    ($trait:path: $($kind:ty),+) => {
        const _: () = {
            trait Ambiguous<Answer> {
                const ASKED: () = ();
            }
            struct Has;
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + $trait> Ambiguous<Has> for T {}
            $(const _: () = <$kind as Ambiguous<_>>::ASKED;)+
        };
    };
}

assert_has_no!(PartialEq: Key, Secret, Credentials, Tokens, Admin);
assert_has_no!(PartialEq<str>: Key, Secret);
assert_has_no!(PartialEq<[u8]>: Key, Secret);
assert_has_no!(PartialOrd: Key, Secret, Credentials, Tokens, Admin);
assert_has_no!(std::hash::Hash: Key, Secret, Credentials, Tokens, Admin);
assert_has_no!(std::fmt::Display: Key, Secret, Credentials, Tokens, Admin);
assert_has_no!(std::fmt::Debug: Credentials, Tokens, Admin);
assert_has_no!(std::ops::Deref: Key, Secret, Credentials, Tokens, Admin);
assert_has_no!(serde::Serialize: Key, Secret, Credentials, Tokens, Admin);

#[test]
fn secrets_show_nothing_of_themselves() {
    let (key, secret) = (Key::new(*b"0123456789abcdefghijklmnopqrstuv"), Secret::new("0123456789abcdef"));
    assert_eq!(format!("{key:?} {secret:?} {:#?}", Some(&secret)), "Key(…) Secret(…) Some(\n    Secret(…),\n)");
    figure(
        "A11",
        "kinds of secret that show what they are, or can be compared in another way",
        0.0,
        "",
        Goal::Exactly(0.0),
    );
}
