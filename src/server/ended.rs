//! How connections end: for the metrics, for the partner, for the goodbye.

use meetpoint_protocol::Close;
use tokio_tungstenite::tungstenite::{
    self,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::inbound::Endless;
use crate::dialects::Ending;

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// The client said goodbye, in the way of one that has finished or in another.
    ByClient {
        finished: bool,
    },
    /// The socket broke off without a close frame.
    Cut,
    ByServer(Close),
}

impl Ended {
    /// Every value that [`Self::label`] has.
    pub(super) fn labels() -> Vec<&'static str> {
        [Self::ByClient { finished: true }.label(), Self::Cut.label()]
            .into_iter()
            .chain(Close::ALL.iter().map(|close| close.label()))
            .collect()
    }

    /// The value of the metric label `reason`.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::ByClient { .. } => "client",
            Self::Cut => "cut",
            Self::ByServer(close) => close.label(),
        }
    }

    /// What the session is told.
    pub(super) fn ending(self) -> Ending {
        match self {
            Self::ByClient { finished: true } => Ending::Goodbye,
            Self::ByClient { finished: false } | Self::Cut => Ending::Cut,
            Self::ByServer(Close::PingTimeout) => Ending::Silent,
            Self::ByServer(Close::ShuttingDown) => Ending::Shutdown,
            Self::ByServer(_) => Ending::Expelled,
        }
    }

    /// What a close frame of the client's means (RFC 6455 §7.4.1): 1000 and 1001 are said by whoever has finished.
    pub(super) fn by_client(frame: Option<&CloseFrame>) -> Self {
        let finished = frame.is_some_and(|frame| matches!(frame.code, CloseCode::Normal | CloseCode::Away));
        Self::ByClient { finished }
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
            Error::ConnectionClosed | Error::AlreadyClosed => return Self::ByClient { finished: false },
            _ => return Self::Cut,
        })
    }
}

/// A close frame with its code alone: two bytes of header, because it is short and the server's, and two of code (RFC 6455 §5.5.1).
pub(super) fn without_reason(mut frame: Vec<u8>) -> Vec<u8> {
    if frame.len() > 4 {
        frame.truncate(4);
        frame[1] = 2;
    }
    frame
}
