//! Closing sales against the emulated cloud.
//!
//! - [`closing`]: what a close makes of lots and donations, once what is held has ended;
//! - [`whatever`]: wherever a run breaks off, is throttled or meets another, each confirmed share has its animal in the end;
//! - [`plans`]: a plan too large for one item is kept whole or not at all;
//! - [`remainders`]: the animal that is not full, and gifts that go back once animals are packed;
//! - [`lists`]: what goes out, that it is signed, and that it is the same again;
//! - [`late`]: lists that are not out in time, and which sale holds them back;
//! - [`undone`]: what was never told as carried out, once the season is over;
//! - [`events`]: every event in `events/schedule/execution`.
#![allow(clippy::unwrap_used)]
#![recursion_limit = "256"]

mod closing;
mod events;
mod late;
mod lists;
mod plans;
mod remainders;
mod scene;
mod undone;
mod whatever;
