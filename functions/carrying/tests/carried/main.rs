//! What slaughterhouses tell, from a batch that was received to what stands of each animal and who is to hear of it.
#![allow(clippy::unwrap_used)]

mod events;
mod halfway;
mod rows;
mod scene;
mod thousands;
