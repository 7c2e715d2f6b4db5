//! A candidate's whole way within the server: from its text through the session and the room to the partner's wire.

use divan::{
    Bencher, black_box,
    counter::{BytesCount, ItemsCount},
};

use crate::{stage::Stage, texts};

#[divan::bench(args = texts::SIZES)]
fn one_per_turn(bencher: Bencher<'_, '_>, bytes: usize) {
    relay(bencher, bytes, 1);
}

#[divan::bench(args = texts::SIZES)]
fn sixteen_per_turn(bencher: Bencher<'_, '_>, bytes: usize) {
    relay(bencher, bytes, 16);
}

fn relay(bencher: Bencher<'_, '_>, bytes: usize, burst: usize) {
    let stage = Stage::new();
    let [mut speaker, mut listener] = [stage.enter(), stage.enter()];
    for client in [&mut speaker, &mut listener] {
        client.text(texts::AVAILABLE, &mut stage.turn());
    }
    let text = texts::ice(bytes);
    let mut turn = stage.turn();
    speaker.text(&text, &mut turn);
    assert!(turn.tally.relayed_bytes > 0, "the two are partners");
    bencher.counter(ItemsCount::new(burst)).counter(BytesCount::new(burst * bytes)).bench_local(|| {
        let mut turn = stage.turn();
        for _ in 0..burst {
            speaker.text(black_box(&text), &mut turn);
        }
    });
}
