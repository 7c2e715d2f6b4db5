//! Who may see how the server is: whoever has the token of those who run it, as a bearer (RFC 6750 §2.1) or as the password
//! of any user (RFC 7617), which is what browsers and scrapers can.

use std::{net::IpAddr, time::Instant};

use http::{HeaderMap, header::AUTHORIZATION};
use meetpoint_protocol::rondevu::base64;

use super::{
    guess::{Attempt, Guesses},
    window::RetryAfter,
};
use crate::config::Secret;

/// Why somebody may not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Denied {
    /// No token, or a wrong one.
    Unauthorized,
    /// Too many wrong ones: nothing is looked at for so long.
    Blocked(RetryAfter),
}

/// The token, and who has guessed at it. It has no `Debug`: the token is nobody's to see.
pub struct Admin {
    token: Option<Secret>,
    guesses: Guesses,
}

impl Admin {
    /// Without a token everybody may.
    pub fn new(token: Option<Secret>) -> Self {
        Self { token, guesses: Guesses::of_secrets() }
    }

    /// Whether `who` may, with these headers. Only a wrong token is a guess, none is not.
    ///
    /// # Errors
    /// Why not.
    pub fn admit(&self, headers: &HeaderMap, who: IpAddr, now: Instant) -> Result<(), Denied> {
        let Some(token) = &self.token else { return Ok(()) };
        let header = headers.get(AUTHORIZATION).map(|header| header.as_bytes());
        let guess = header.and_then(said).ok_or(Denied::Unauthorized)?;
        let attempt = || match token.is(&guess) {
            true => (Attempt::Known, Ok(())),
            false => (Attempt::Guessed, Err(Denied::Unauthorized)),
        };
        self.guesses.attempt(who, now, attempt).map_err(Denied::Blocked)?
    }
}

/// The token that an `Authorization` header carries, right or wrong.
fn said(header: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = header.split_at_checked(header.iter().position(|byte| *byte == b' ')?)?;
    let rest = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"Bearer") {
        Some(rest.to_vec())
    } else if scheme.eq_ignore_ascii_case(b"Basic") {
        let both = base64::forgiving(str::from_utf8(rest).ok()?)?;
        let colon = both.iter().position(|byte| *byte == b':')?;
        Some(both[colon + 1..].to_vec())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use http::HeaderValue;

    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    const ONE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    fn admin() -> Admin {
        Admin::new(Some(Secret::new(TOKEN)))
    }

    fn headers(value: &[u8]) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_bytes(value).expect("a header's value"))])
    }

    fn basic(both: &str) -> String {
        format!("Basic {}", base64::encode(both.as_bytes()))
    }

    #[test]
    fn without_a_token_everybody_may() {
        assert_eq!(Admin::new(None).admit(&HeaderMap::new(), ONE, Instant::now()), Ok(()));
    }

    #[test]
    fn the_token_opens_as_a_bearer_and_as_anybody_s_password() {
        let (admin, now) = (admin(), Instant::now());
        for header in [
            format!("Bearer {TOKEN}"),
            format!("bearer  {TOKEN} "),
            basic(&format!("prometheus:{TOKEN}")),
            basic(&format!(":{TOKEN}")),
        ] {
            assert_eq!(admin.admit(&headers(header.as_bytes()), ONE, now), Ok(()), "{header}");
        }
    }

    #[test]
    fn nothing_else_opens() {
        let now = Instant::now();
        let none = admin().admit(&HeaderMap::new(), ONE, now);
        assert_eq!(none, Err(Denied::Unauthorized));
        for header in [
            TOKEN.to_owned(),
            String::new(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            format!("Bearer {}", &TOKEN[1..]),
            format!("Bearer {TOKEN}0"),
            format!("Bearer {}", TOKEN.to_uppercase()),
            format!("Token {TOKEN}"),
            basic(TOKEN),
            basic(&format!("a:{TOKEN}:")),
            format!("Basic {TOKEN}"),
            "Basic !".to_owned(),
        ] {
            assert_eq!(admin().admit(&headers(header.as_bytes()), ONE, now), Err(Denied::Unauthorized), "{header}");
        }
        assert_eq!(admin().admit(&headers(b"Bearer \xff"), ONE, now), Err(Denied::Unauthorized));
    }

    #[test]
    fn ten_wrong_tokens_block_an_address_for_a_minute_and_nobody_else() {
        let (admin, start) = (admin(), Instant::now());
        let (wrong, right) = (headers(b"Bearer wrong"), headers(format!("Bearer {TOKEN}").as_bytes()));
        for _ in 0..10 {
            assert_eq!(admin.admit(&wrong, ONE, start), Err(Denied::Unauthorized));
        }
        for who in [&wrong, &right] {
            assert_eq!(admin.admit(who, ONE, start), Err(Denied::Blocked(RetryAfter(Duration::from_mins(1)))));
        }
        assert_eq!(admin.admit(&right, OTHER, start), Ok(()));
        assert_eq!(
            admin.admit(&HeaderMap::new(), ONE, start),
            Err(Denied::Unauthorized),
            "who says nothing, guesses nothing"
        );
        assert_eq!(admin.admit(&right, ONE, start + Duration::from_secs(61)), Ok(()));
    }
}
