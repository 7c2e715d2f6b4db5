//! Why the server closes a socket: one table for the wire, the documents and the metric label.
//!
//! The rule for clients: 1001, 1006, 1011, 1012, 1013 and 4000–4399 mean come back, with backoff;
//! 1000, 1002, 1003, 1007–1010 and 4400–4999 mean stay away.

macro_rules! close_table {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $reason:literal, $label:literal;)*) => {
        /// A reason of the server's to close a socket.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Close {
            $($(#[$doc])* $name,)*
        }

        impl Close {
            /// Every row of the table.
            pub const ALL: &'static [Close] = &[$(Close::$name),*];

            /// The code of the close frame (RFC 6455 §7.4).
            pub const fn code(self) -> u16 {
                match self { $(Close::$name => $code,)* }
            }

            /// The text of the close frame; empty where the originals send none.
            pub const fn reason(self) -> &'static str {
                match self { $(Close::$name => $reason,)* }
            }

            /// The value of the metric label `reason`.
            pub const fn label(self) -> &'static str {
                match self { $(Close::$name => $label,)* }
            }
        }
    };
}

close_table! {
    /// The client has ended its session.
    Bye = 1000, "bye", "bye";
    /// The server drains: every socket hears it within the grace period.
    ShuttingDown = 1001, "shutting down", "shutting_down";
    /// The bytes are not WebSocket frames (RFC 6455 §7.4.1).
    ProtocolError = 1002, "", "protocol_error";
    /// A text frame that is not UTF-8.
    InvalidUtf8 = 1007, "", "invalid_utf8";
    /// Side A of the room is held by a socket that lives.
    SideABusy = 1008, "side A busy", "side_busy";
    /// Side B of the room is held by a socket that lives.
    SideBBusy = 1008, "side B busy", "side_busy";
    /// A frame or message over the limit, or fragments without end.
    TooLarge = 1009, "", "too_large";
    /// The outbox is over its bound because the client does not read.
    SlowConsumer = 4008, "slow consumer", "slow_consumer";
    /// Silent for two heartbeat intervals.
    PingTimeout = 4010, "ping timeout", "ping_timeout";
    /// Nothing was said on a socket on which the client speaks first.
    HelloTimeout = 4011, "hello timeout", "hello_timeout";
    /// Far over the message rate for long.
    TooManyMessages = 4029, "too many messages", "too_many_messages";
    /// Keeps sending what cannot be parsed.
    BadRequest = 4400, "bad request", "bad_request";
    /// The same session or side came back on another socket.
    Replaced = 4409, "replaced", "replaced";
}

impl Close {
    /// Whether a client that hears this code should connect again.
    pub const fn come_back(self) -> bool {
        matches!(self.code(), 1001 | 1006 | 1011..=1013 | 4000..=4399)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_clients_own_doing_sends_it_away() {
        let away: Vec<_> = Close::ALL.iter().filter(|close| !close.come_back()).collect();
        let doings = [
            Close::Bye,
            Close::ProtocolError,
            Close::InvalidUtf8,
            Close::SideABusy,
            Close::SideBBusy,
            Close::TooLarge,
            Close::BadRequest,
            Close::Replaced,
        ];
        assert_eq!(away, doings.iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_reason_fits_a_control_frame() {
        assert!(Close::ALL.iter().all(|close| close.reason().len() <= 123));
    }
}
