//! How connections end: for the metrics, for the partner, for the goodbye.

use meetpoint_protocol::Close;
use tokio_tungstenite::tungstenite;

use super::feed::Endless;
use crate::core::event::Departure;

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// The client said goodbye.
    ByClient,
    /// The socket broke off without a close frame.
    Cut,
    ByServer(Close),
}

impl Ended {
    /// Every value that [`Self::label`] has.
    pub(super) fn labels() -> Vec<&'static str> {
        [Self::ByClient.label(), Self::Cut.label()]
            .into_iter()
            .chain(Close::ALL.iter().map(|close| close.label()))
            .collect()
    }

    /// The value of the metric label `reason`.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::ByClient => "client",
            Self::Cut => "cut",
            Self::ByServer(close) => close.label(),
        }
    }

    pub(super) fn departure(self) -> Departure {
        match self {
            Self::ByServer(Close::PingTimeout) => Departure::Timeout,
            Self::ByServer(Close::ShuttingDown) => Departure::Shutdown,
            Self::ByClient | Self::Cut | Self::ByServer(_) => Departure::Disconnected,
        }
    }

    /// What a failed read means.
    pub(super) fn of(error: &tungstenite::Error) -> Self {
        use tungstenite::{Error, error::ProtocolError};
        Self::ByServer(match error {
            Error::Capacity(_) => Close::TooLarge,
            Error::Utf8(_) => Close::InvalidUtf8,
            Error::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<Endless>()) => Close::TooLarge,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return Self::Cut,
            Error::Protocol(_) => Close::ProtocolError,
            Error::ConnectionClosed | Error::AlreadyClosed => return Self::ByClient,
            _ => return Self::Cut,
        })
    }
}
