//! A run that fails is brought down to what matters.

#![allow(clippy::unwrap_used)]

use simulation::shrink::shrink;
use simulation::trace::story;
use simulation::{Plan, Report, play};

const FAULT: &str = "reply lost";
const OPERATION: &str = "SendMessage";

/// The simulation with a rule that is broken on purpose: no reply to a message that is sent is ever lost.
fn strict(plan: &Plan) -> anyhow::Result<Report> {
    let mut report = play(plan)?;
    let lost = report.injected.iter().filter(|fault| fault.kind == FAULT && fault.operation == OPERATION);
    report.violations.extend(lost.map(|fault| format!("the reply of call {} of {} was lost", fault.call, fault.function)));
    Ok(report)
}

#[test]
fn a_failing_run_shrinks_to_few_donors_and_few_faults() {
    // Without a sale, whose close is most of a run: it is played again some hundred times.
    let plan = |seed| Plan { sacrifices: 0, ..Plan::new(seed, 2) };
    let whole = (1..).map(plan).find(|plan| !strict(plan).unwrap().violations.is_empty()).unwrap();
    let report = strict(&whole).unwrap();
    assert!(report.injected.len() > 5, "{} faults", report.injected.len());
    let shrunk = shrink(&whole, &report, &strict).unwrap();
    // Not always to the one that matters: what is left out moves what comes after it, and that one may need its place.
    let left = shrunk.report.injected.len();
    assert!(left * 3 <= report.injected.len(), "{left} of {}: {:?}", report.injected.len(), shrunk.report.injected);
    assert!(shrunk.plan.donors.len() <= 2, "{:?}", shrunk.plan.donors);
    let story = story(&shrunk.report.steps, &shrunk.report.violations);
    let lost: Vec<&String> = story.iter().filter(|step| step.contains("** reply lost **")).collect();
    assert!(lost.iter().any(|step| step.contains(OPERATION)), "{story:#?}");
    // What is printed plays the same again.
    let again = strict(&shrunk.plan).unwrap();
    assert_eq!((again.trace, again.violations), (shrunk.report.trace, shrunk.report.violations));
    assert!(shrunk.plan.command().contains("--only"), "{}", shrunk.plan.command());
}

#[test]
fn a_run_without_faults_has_none() {
    let mut plan = Plan::new(3, 8);
    plan.without.insert("all".to_owned());
    let report = play(&plan).unwrap();
    assert!(report.violations.is_empty() && report.entries > 0, "{report:#?}");
    // A fact that came before another it needs is reported as failed without anybody's fault.
    let done: Vec<_> = report.faults.keys().filter(|kind| !kind.ends_with("reported by the function")).collect();
    assert!(done.is_empty(), "{done:?}");
}
