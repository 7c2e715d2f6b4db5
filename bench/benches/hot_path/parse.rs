//! A text taken apart.

use divan::{Bencher, black_box, counter::BytesCount};
use meetpoint_protocol::chat;

use crate::texts;

#[divan::bench(args = texts::SIZES)]
fn ice(bencher: Bencher<'_, '_>, bytes: usize) {
    parse(bencher, &texts::ice(bytes));
}

#[divan::bench]
fn offer(bencher: Bencher<'_, '_>) {
    parse(bencher, &texts::offer());
}

#[divan::bench]
fn publish(bencher: Bencher<'_, '_>) {
    parse(bencher, &texts::publish(1024));
}

#[divan::bench]
fn available(bencher: Bencher<'_, '_>) {
    parse(bencher, texts::AVAILABLE);
}

fn parse(bencher: Bencher<'_, '_>, text: &str) {
    assert!(chat::parse(text).is_ok());
    bencher.counter(BytesCount::of_str(text)).bench(|| black_box(chat::parse(black_box(text))).is_ok());
}
