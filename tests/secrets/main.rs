//! Secrets open what they guard, show themselves nowhere, and cost whoever guesses.

mod admin;
mod credentials;
mod kinds;
mod timing;
mod welcome;

use meetpoint_test_support as support;
