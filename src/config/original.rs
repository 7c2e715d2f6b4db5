//! The texts with which the NoisyTransfer original refused to start, kept word for word for whoever watches for them.
//! Each tells its text for a refused value that the original refused, too.

use super::{
    grammar::Seconds,
    units::{ByteSize, read_duration},
};

pub(super) fn port(text: &str) -> Option<String> {
    Some(format!("invalid PORT: {text}"))
}

pub(super) fn max_message(text: &str) -> Option<String> {
    let too_small = match text.strip_prefix('-') {
        Some(positive) => ByteSize::read(positive).is_some(),
        None => ByteSize::read(text).is_some_and(|size| size <= ByteSize::new(1024)),
    };
    too_small.then(|| format!("WS_MAX_MSG too small: {text}"))
}

pub(super) fn heartbeat(text: &str) -> Option<String> {
    let not_positive = match text.strip_prefix('-') {
        Some(positive) => read_duration(positive, Seconds::BARE).is_some(),
        None => read_duration(text, Seconds::BARE).is_some_and(|interval| interval.is_zero()),
    };
    not_positive.then(|| "WS_HEARTBEAT must be >0".to_owned())
}
