//! Where the core's locks and atomic numbers come from. `models/` compiles the core with a module of the same name whose locks are
//! scheduled by a model checker: the core as it is, in every order of its threads that chance comes upon.

pub use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering};

pub use parking_lot::{Mutex, MutexGuard};
