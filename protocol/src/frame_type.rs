//! The frame types that metrics may name. A fixed list: a client can never make a new time series.

macro_rules! frame_types {
    ($($name:ident = $label:literal,)*) => {
        /// The type of a frame in either direction.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum FrameType {
            $($name,)*
        }

        impl FrameType {
            /// Every type, in the order of their indices.
            pub const ALL: &'static [FrameType] = &[$(FrameType::$name),*];

            /// How many there are: the length of a table indexed by `self as usize`.
            pub const COUNT: usize = Self::ALL.len();

            /// The value of the metric label `type`.
            pub const fn label(self) -> &'static str {
                match self { $(FrameType::$name => $label,)* }
            }
        }
    };
}

frame_types! {
    Ready = "ready",
    Auth = "auth",
    Available = "available",
    Matched = "matched",
    Offer = "offer",
    Answer = "answer",
    Ice = "ice",
    Next = "next",
    Leave = "leave",
    PartnerLeft = "partner-left",
    RoomFull = "room_full",
    PeerLeft = "peer_left",
    SenderReady = "sender_ready",
    Hello = "hello",
    Send = "send",
    Deliver = "deliver",
    Delivered = "delivered",
    Sent = "sent",
    Telemetry = "telemetry",
    Ping = "ping",
    Pong = "pong",
    Join = "join",
    Joined = "joined",
    PeerJoined = "peer-joined",
    PeerUpdated = "peer-updated",
    PeerLeftTopic = "peer-left",
    Left = "left",
    Publish = "publish",
    Message = "message",
    Peers = "peers",
    Topics = "topics",
    Resumed = "resumed",
    Ack = "ack",
    Bye = "bye",
    PartnerAway = "partner-away",
    PartnerBack = "partner-back",
    PeerAway = "peer-away",
    PeerBack = "peer-back",
    GoAway = "goaway",
    Error = "error",
    // The protocol's own frames (RFC 6455 §5.5), apart from the chat's `ping` and `pong`.
    ControlPing = "control-ping",
    ControlPong = "control-pong",
    Close = "close",
    // Whatever a client sends that is none of these.
    Other = "other",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_and_labels_are_unique() {
        for (index, frame_type) in FrameType::ALL.iter().enumerate() {
            assert_eq!(*frame_type as usize, index);
            let same = FrameType::ALL.iter().filter(|other| other.label() == frame_type.label());
            assert_eq!(same.count(), 1, "{frame_type:?}");
        }
    }
}
