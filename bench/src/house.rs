//! The real server over loopback sockets, in one thread with its clients: it runs when they let it, and then until there is nothing left to do.
//! So its work is the same each time, and is all that is counted.

use std::{
    hint::black_box,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use meetpoint::{
    app,
    config::{ByteSize, Settings, StorageType},
    core::chance::Chance,
    server::tcp,
};
use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
};

use crate::Result;

/// How long the server may take for anything, under callgrind and on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct House {
    runtime: Runtime,
    pub address: SocketAddr,
}

impl House {
    /// Everything is on that is on by default; no limit is ever reached.
    pub fn open() -> Result<Self> {
        let mut settings = Settings::default();
        settings.storage.kind = StorageType::Memory;
        settings.socket.max_messages_per_second = 1_000_000;
        settings.socket.max_bytes_per_second = ByteSize::new(1024 * 1024 * 1024);
        // No ping comes between.
        settings.socket.heartbeat = Duration::from_secs(3600);
        // Whoever is to be matched says so.
        settings.matching.requeue_on_next = false;
        settings.matching.requeue_on_partner_leave = false;

        let app = app::build(&settings, Chance::from_seed(1))?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let listener = tcp::bind((Ipv4Addr::LOCALHOST, 0).into(), false)?;
        drop(entered);
        let address = listener.local_addr()?;
        runtime.spawn(async move { app.serve(listener).await });
        Ok(Self { runtime, address })
    }

    /// Lets the server work until something has come of it. What it does is `counted` or not.
    pub fn work(&self, counted: bool, mut is_done: impl FnMut() -> Result<bool>) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if counted {
                counted_turn(&self.runtime);
            } else {
                turn(&self.runtime);
            }
            if is_done()? {
                return Ok(());
            }
        }
        Err("the server does not answer".into())
    }
}

/// Callgrind counts between entry and return.
#[inline(never)]
fn counted_turn(runtime: &Runtime) {
    // A use of what is returned: else the call might become a jump, and counting end before it.
    black_box(turn(runtime));
}

/// Looks once for what the sockets have, and lets every task work that has something to do.
fn turn(runtime: &Runtime) -> u32 {
    const LOOK_AND_WORK: u32 = 2;
    runtime.block_on(async {
        for _ in 0..LOOK_AND_WORK {
            yield_now().await;
        }
        LOOK_AND_WORK
    })
}
