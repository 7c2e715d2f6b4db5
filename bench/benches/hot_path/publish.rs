//! A frame encoded once and appended to the outbox of everybody in the room, and all of them written.

use divan::{Bencher, black_box, counter::ItemsCount};
use meetpoint::core::{outbox::Encoded, room::Room};
use meetpoint_protocol::{FrameType, RoomId};

use crate::{stage::Stage, texts};

/// The items are deliveries.
#[divan::bench(args = [10, 100, 1000])]
fn members(bencher: Bencher<'_, '_>, members: usize) {
    let stage = Stage::new();
    let outboxes = stage.outboxes(members);
    let speaker = outboxes[0].client();
    let room = Room::new(RoomId::from_random([1; 16]), outboxes);
    let text = texts::publish(1024);
    bencher.counter(ItemsCount::new(members - 1)).bench_local(|| {
        let mut turn = stage.turn();
        let frame = Encoded::new(FrameType::Message, &[black_box(text.as_bytes())]);
        room.publish(speaker, &frame, &mut turn)
    });
}
