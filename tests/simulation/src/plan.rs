//! What a run is to be: the seed, and what of it to leave out.

use std::collections::BTreeSet;

/// Donors of a run unless it is said otherwise: enough to get into each other's way, and few enough for many seeds.
pub const DONORS: u64 = 25;

/// Of a hundred donors so many come for a sacrifice unless it is said otherwise, and twice as many where a sale opens with a rush: enough to sell out, and few enough that everything else goes on.
pub const SACRIFICES: u64 = 22;

/// Stands for every kind of fault.
pub const ALL: &str = "all";

/// A run to be played. Leaving something out makes another run of it, the same each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Everything follows from it.
    pub seed: u64,
    /// The donors who come, by number.
    pub donors: Vec<u64>,
    /// Of a hundred donors so many come for a sacrifice.
    pub sacrifices: u64,
    /// Kinds of faults that are not done; [`ALL`] stands for all of them.
    pub without: BTreeSet<String>,
    /// The only calls to which faults are done, by number; all if absent.
    pub only: Option<BTreeSet<u64>>,
    /// Whether each step is written down. It makes no difference to the run.
    pub record: bool,
}

impl Plan {
    /// A whole run: so many donors, and every fault.
    pub fn new(seed: u64, donors: u64) -> Plan {
        let donors = (0..donors).collect();
        Plan { seed, donors, sacrifices: SACRIFICES, without: BTreeSet::new(), only: None, record: false }
    }

    /// Whether a kind of fault is done at all.
    pub fn has(&self, kind: &str) -> bool {
        !self.without.contains(kind) && !self.without.contains(ALL)
    }

    /// Whether a fault of this kind is done to the call of this number.
    pub fn allows(&self, kind: &str, call: u64) -> bool {
        self.has(kind) && self.only.as_ref().is_none_or(|only| only.contains(&call))
    }

    /// The command that plays it again.
    pub fn command(&self) -> String {
        let mut command = format!(
            "cargo run --release -p simulation -- --seeds 1 --first {} --donors {}",
            self.seed,
            donors(&self.donors)
        );
        if self.sacrifices != SACRIFICES {
            command += &format!(" --sacrifices {}", self.sacrifices);
        }
        if !self.without.is_empty() {
            let kinds: Vec<&str> = self.without.iter().map(String::as_str).collect();
            command += &format!(" --without '{}'", kinds.join(","));
        }
        if let Some(only) = &self.only {
            command += &format!(" --only '{}'", spans(&only.iter().copied().collect::<Vec<_>>()));
        }
        command
    }
}

/// A number alone would mean so many.
fn donors(numbers: &[u64]) -> String {
    match numbers {
        [] => "0".to_owned(),
        [one] => format!("{one}..{}", one + 1),
        _ => spans(numbers),
    }
}

/// Reads donors: a number means so many, anything else which.
///
/// # Errors
/// As [`read_spans`].
pub fn read_donors(text: &str) -> Result<Vec<u64>, String> {
    match text.trim().parse::<u64>() {
        Ok(many) => Ok((0..many).collect()),
        Err(_) => read_spans(text),
    }
}

/// Numbers in order as they are given on the command line: `0..5,8,11..20`; a span's end is not in it.
pub fn spans(numbers: &[u64]) -> String {
    let mut spans: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match spans.last_mut() {
            Some((_, end)) if *end == number => *end += 1,
            _ => spans.push((number, number + 1)),
        }
    }
    let one = |&(from, end): &(u64, u64)| if end == from + 1 { from.to_string() } else { format!("{from}..{end}") };
    spans.iter().map(one).collect::<Vec<_>>().join(",")
}

/// Reads what [`spans`] writes.
///
/// # Errors
/// What is wrong, in one sentence.
pub fn read_spans(text: &str) -> Result<Vec<u64>, String> {
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| format!("{text:?} is not a number"));
    let mut numbers = Vec::new();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        match part.split_once("..") {
            Some((from, end)) => numbers.extend(number(from)?..number(end)?),
            None => numbers.push(number(part)?),
        }
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_they_are_written() {
        for (numbers, text) in [(vec![], ""), (vec![7], "7"), (vec![0, 1, 2], "0..3"), (vec![0, 1, 4, 6, 7], "0..2,4,6..8")]
        {
            assert_eq!(spans(&numbers), text);
            assert_eq!(read_spans(text), Ok(numbers));
        }
        assert!(read_spans("1..x").is_err_and(|why| why.contains("\"x\"")));
    }

    #[test]
    fn the_command_names_what_is_left_out() {
        let mut plan = Plan::new(17, 3);
        assert_eq!(plan.command(), "cargo run --release -p simulation -- --seeds 1 --first 17 --donors 0..3");
        plan.donors = vec![4];
        plan.without.insert("reply lost".to_owned());
        plan.only = Some([3, 4, 9].into());
        plan.sacrifices = 0;
        let expected = "--first 17 --donors 4..5 --sacrifices 0 --without 'reply lost' --only '3..5,9'";
        assert!(plan.command().ends_with(expected), "{}", plan.command());
        assert_eq!((read_donors("4..5"), read_donors("4")), (Ok(vec![4]), Ok(vec![0, 1, 2, 3])));
    }
}
