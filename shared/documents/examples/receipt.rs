//! Sets sample receipts into a folder, to be looked at: `cargo run -p documents --example receipt -- FOLDER [FONT…]`.
//!
//! Fonts after the folder are added to those that come with the crate.

#![allow(clippy::unwrap_used)]

#[path = "../tests/receipt/sample.rs"]
mod sample;

use documents::receipt::{Fonts, Press};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("a folder to write to");
    let fonts = arguments.fold(Fonts::embedded(), |fonts, path| fonts.and(std::fs::read(path).expect("a font")));
    let press = Press::new(fonts);
    for (name, receipt) in sample::all() {
        let path = format!("{folder}/{name}.pdf");
        std::fs::write(&path, press.pdf(&receipt).unwrap()).unwrap();
        println!("{path}");
    }
}
