//! The name of a service of generation D: `service:version[@username]`.

use std::fmt;

pub use super::version::Version;
use super::{Username, UsernameError, label::is_label, shared_text::shared_text};

shared_text!(
    /// 1 to 128 of `[a-z0-9.-]`, with a letter or digit at both ends.
    ServiceName
);

impl ServiceName {
    /// Characters.
    pub const MAX_LEN: usize = 128;

    /// # Errors
    /// [`FqnError::Service`] before [`FqnError::ServiceLength`].
    pub fn parse(text: &str) -> Result<Self, FqnError> {
        if !is_label(text) {
            Err(FqnError::Service)
        } else if text.len() > Self::MAX_LEN {
            Err(FqnError::ServiceLength)
        } else {
            Ok(Self(text.into()))
        }
    }
}

/// A service in one version, of one user or of anybody.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ServiceFqn {
    pub service: ServiceName,
    pub version: Version,
    pub username: Option<Username>,
}

/// Why a text is no [`ServiceFqn`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FqnError {
    /// Where the name should be, there is no text. For callers that read JSON; [`ServiceFqn::parse`] does not give it.
    NotText,
    Format,
    Service,
    ServiceLength,
    Version,
    Username(UsernameError),
}

impl fmt::Display for FqnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotText => "Service FQN must be a string",
            Self::Format => "Service FQN must be in format: service:version[@username]",
            Self::Service => "Service name must be lowercase alphanumeric with optional dots/dashes",
            Self::ServiceLength => "Service name must be 1-128 characters",
            Self::Version => "Version must be semantic versioning (e.g., 1.0.0, 2.1.3-beta)",
            Self::Username(error) => return error.fmt(f),
        })
    }
}

impl std::error::Error for FqnError {}

impl ServiceFqn {
    /// The username follows the last `@`, unless that is the first character; an empty one is none. The version follows the first
    /// colon.
    ///
    /// # Errors
    /// The first that is wrong, from left to right.
    pub fn parse(text: &str) -> Result<Self, FqnError> {
        let (name, username) = match text.rsplit_once('@') {
            Some((name, username)) if !name.is_empty() => (name, username),
            _ => (text, ""),
        };
        let (service, version) = name.split_once(':').ok_or(FqnError::Format)?;
        if service.is_empty() || version.is_empty() {
            return Err(FqnError::Format);
        }
        Ok(Self {
            service: ServiceName::parse(service)?,
            version: Version::parse(version).ok_or(FqnError::Version)?,
            username: match username {
                "" => None,
                name => Some(Username::parse(name).map_err(FqnError::Username)?),
            },
        })
    }
}

impl fmt::Display for ServiceFqn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.version)?;
        self.username.iter().try_for_each(|username| write!(f, "@{username}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FORMAT: &str = "Service FQN must be in format: service:version[@username]";
    const SERVICE: &str = "Service name must be lowercase alphanumeric with optional dots/dashes";
    const LENGTH: &str = "Service name must be 1-128 characters";
    const VERSION: &str = "Version must be semantic versioning (e.g., 1.0.0, 2.1.3-beta)";

    fn fqn(text: &str) -> ServiceFqn {
        ServiceFqn::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn error(text: &str) -> String {
        ServiceFqn::parse(text).expect_err(text).to_string()
    }

    #[test]
    fn a_name_has_a_service_a_version_and_perhaps_a_user() {
        let direct = fqn("com.example.chat:2.1.3-beta@alice");
        assert_eq!(direct.service.as_str(), "com.example.chat");
        assert_eq!(direct.version.as_str(), "2.1.3-beta");
        assert_eq!(direct.username.as_ref().map(Username::as_str), Some("alice"));
        assert_eq!(fqn("chat:1.0.0").username, None);
        assert_eq!(fqn(&format!("{}:1.0.0", "s".repeat(128))).service.as_str().len(), 128);
    }

    #[test]
    fn an_empty_user_is_none() {
        assert_eq!(fqn("chat:1.0.0@"), fqn("chat:1.0.0"));
    }

    #[test]
    fn without_a_service_or_a_version_it_is_no_name() {
        for text in ["", "chat", "chat@alice", "chat:", ":1.0.0", "chat:@alice", ":", "@", "@alice", "a@b"] {
            assert_eq!(error(text), FORMAT, "{text:?}");
        }
    }

    #[test]
    fn checks_go_from_left_to_right() {
        for (text, expected) in [
            ("Chat:1.0@A", SERVICE),
            ("chat_:1.0.0", SERVICE),
            ("-chat:1.0.0", SERVICE),
            ("@chat:1.0.0", SERVICE),
            ("a@b:1.0.0@alice", SERVICE),
            ("ch at:1.0.0", SERVICE),
            ("chat:1.0", VERSION),
            ("chat:v1.0.0@alice", VERSION),
            ("chat:1.0.0+b1@alice", VERSION),
            ("chat:1.0.0:2@alice", VERSION),
            ("chat:1.0.0@alice@bob", VERSION),
            ("chat:1.0.0@al", "Username must be at least 3 characters"),
        ] {
            assert_eq!(error(text), expected, "{text:?}");
        }
        assert_eq!(error(&format!("{}:1.0@A", "S".repeat(129))), SERVICE);
        assert_eq!(error(&format!("{}:1.0@A", "s".repeat(129))), LENGTH);
        assert_eq!(
            error("chat:1.0.0@Alice"),
            "Username must be lowercase alphanumeric with optional dashes, and start/end with alphanumeric"
        );
        assert_eq!(error(&format!("chat:1.0.0@{}", "a".repeat(33))), "Username must be at most 32 characters");
        assert_eq!(FqnError::NotText.to_string(), "Service FQN must be a string");
    }

    proptest! {
        #[test]
        fn a_name_survives_its_text(text in "[a-z]([a-z.-]{0,5}[a-z])?:[0-9]{1,3}\\.[0-9]\\.[0-9](-[a-z.]{1,4})?(@[a-z]{3,8})?") {
            prop_assert_eq!(fqn(&text).to_string(), text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[a-z0-9:@.é-]{0,40}") {
            let _ = ServiceFqn::parse(&text);
        }
    }
}
