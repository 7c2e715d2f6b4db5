//! A payload stamped with its sender, and the parts appended to the bytes that wait.

use bytes::BytesMut;
use divan::{Bencher, black_box, counter::BytesCount};
use meetpoint_protocol::{ClientId, chat::Relayed};

use crate::texts;

#[divan::bench(args = texts::SIZES)]
fn ice(bencher: Bencher<'_, '_>, bytes: usize) {
    let text = texts::ice(bytes);
    let (relay, payload) = texts::payload(&text);
    let from = ClientId::from_random([1; 16]).to_text();
    let mut buffer = BytesMut::with_capacity(2 * bytes);
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        buffer.clear();
        for part in Relayed::new(relay, black_box(&from), Some(black_box(payload))).parts() {
            buffer.extend_from_slice(part);
        }
        black_box(buffer.len())
    });
}
