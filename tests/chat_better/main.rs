//! Where meetpoint is better than the chat server whose wire it speaks, with the settings a user gets by default.

mod life;
mod matching;
mod next;
mod origin;
mod rematch;

use meetpoint_test_support as support;
