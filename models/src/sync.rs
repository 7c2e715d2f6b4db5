//! What the core locks with, at each step of which another thread may go on.

pub use shuttle::sync::{
    MutexGuard,
    atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering},
};

/// A lock as the server's: it hands out the guard itself.
#[derive(Default)]
pub struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect("a model ends with the first of its threads that panics")
    }
}
