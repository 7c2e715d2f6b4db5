//! What an operator does with the program.

mod check;
mod reload;
mod supervised;

use meetpoint_test_support as support;
