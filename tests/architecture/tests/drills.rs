//! Every dead-letter queue has its drill in `infra/drills.md`, and every drill its queue.

use std::collections::{BTreeMap, BTreeSet};

use architecture::template::{Template, target, template};
use architecture::{assert_none, read};

/// How what is set aside gets back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To the queue that it came from.
    Queue,
    /// By an invocation: it came from a schedule or a failed run.
    Invocation,
}

/// The dead-letter queues: the name behind the stack's, and the way back from each.
fn dead_letter_queues(template: &Template) -> BTreeMap<String, Way> {
    const INVOKED: [&str; 2] = ["/Target/DeadLetterConfig/Arn", "/DestinationConfig/OnFailure/Destination"];
    let mut found = BTreeMap::new();
    for made in template.resources() {
        let queue = target(made.at("/RedrivePolicy/deadLetterTargetArn")).map(|id| (id, Way::Queue));
        let invoked = INVOKED.iter().filter_map(|path| target(made.at(path))).map(|id| (id, Way::Invocation));
        for (id, way) in queue.into_iter().chain(invoked) {
            let name = template.get(id).and_then(|queue| queue.at("/QueueName/Fn::Sub").as_str().map(str::to_owned));
            let name = name.and_then(|name| name.strip_prefix("${AWS::StackName}-").map(str::to_owned));
            found.insert(name.unwrap_or_else(|| format!("{id} has no name")), way);
        }
    }
    found
}

/// The page's sections by the queue in their heading.
fn drills() -> BTreeMap<String, String> {
    let page = read("infra/drills.md");
    let sections = page.split("\n## ").skip(1).filter_map(|section| {
        let (heading, text) = section.split_once('\n')?;
        let queue = heading.strip_prefix('`')?.strip_suffix('`')?;
        Some((queue.to_owned(), text.to_owned()))
    });
    sections.collect()
}

#[test]
fn every_dead_letter_queue_has_its_drill() {
    let (queues, drills) = (dead_letter_queues(&template()), drills());
    assert!(queues.len() >= 8, "the template's dead-letter queues are found");
    let queue_names: BTreeSet<&String> = queues.keys().collect();
    assert_eq!(queue_names, drills.keys().collect::<BTreeSet<_>>(), "a section for each queue, and no other");
    let mut wrong = Vec::new();
    for (queue, way) in &queues {
        let text = &drills[queue];
        let rows = ["comes from", "lands here when", "mend", "send back", "look again"];
        let missing = rows.iter().filter(|row| !text.contains(&format!("\n| {row} | ")));
        wrong.extend(missing.map(|row| format!("{queue} does not say: {row}")));
        let source = queue.trim_end_matches("-dlq");
        let (means, not) = match way {
            Way::Queue => ("`start-message-move-task`", "lambda invoke"),
            Way::Invocation => ("`lambda invoke`", "start-message-move-task"),
        };
        if !text.contains(means) || text.contains(not) || !text.contains(&format!("`{source}`")) {
            wrong.push(format!("{queue} does not say how it gets back to {source}: {means}"));
        }
    }
    assert_none("each drill says where it comes from and how it goes back", &wrong);
}

/// The simulation plays every queue's drill: none can be added without.
#[test]
fn every_drill_of_a_queue_is_played() {
    let played = read("tests/simulation/tests/drills.rs");
    let queues = dead_letter_queues(&template());
    let silent = queues.keys().filter(|queue| !played.contains(&format!("\"{}\"", queue.trim_end_matches("-dlq"))));
    assert_none("tests/simulation/tests/drills.rs names each queue", &silent.cloned().collect::<Vec<_>>());
}
