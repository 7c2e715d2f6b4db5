//! Panics of this thread, which the runtime would swallow with the task that panicked.

use std::{cell::RefCell, panic, sync::Once};

thread_local! {
    static FIRST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Takes note of panics from now on, and forgets earlier ones of this thread.
pub fn watch() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            FIRST.with_borrow_mut(|first| first.get_or_insert_with(|| info.to_string()).len());
            before(info);
        }));
    });
    FIRST.take();
}

/// The first panic of this thread since then.
pub fn first() -> Option<String> {
    FIRST.with_borrow(Clone::clone)
}
