//! A frame appended to an outbox, and the outbox written to its wire at the end of the turn.

use divan::{
    Bencher, black_box,
    counter::{BytesCount, ItemsCount},
};
use meetpoint::core::outbox::Frame;
use meetpoint_protocol::{ClientId, FrameType, chat::Relayed};

use crate::{stage::Stage, texts};

#[divan::bench(args = texts::SIZES)]
fn one_and_flush(bencher: Bencher<'_, '_>, bytes: usize) {
    push(bencher, bytes, 1);
}

#[divan::bench(args = texts::SIZES)]
fn sixteen_and_flush(bencher: Bencher<'_, '_>, bytes: usize) {
    push(bencher, bytes, 16);
}

fn push(bencher: Bencher<'_, '_>, bytes: usize, burst: usize) {
    let stage = Stage::new();
    let outbox = stage.outbox();
    let text = texts::ice(bytes);
    let (relay, payload) = texts::payload(&text);
    let from = ClientId::from_random([1; 16]).to_text();
    let relayed = Relayed::new(relay, &from, Some(payload));
    let frame = Frame { frame_type: FrameType::Ice, parts: relayed.parts() };
    bencher.counter(ItemsCount::new(burst)).counter(BytesCount::new(burst * bytes)).bench_local(|| {
        let mut turn = stage.turn();
        for _ in 0..burst {
            outbox.push(black_box(&frame), &mut turn).expect("the wire takes everything");
        }
    });
}
