//! Calls of servers that are not AWS, with faults: the payment provider, the identity provider, whoever carries notices.

use std::sync::Arc;
use std::time::Duration;

use platform::Outbound;
use platform::outbound::{Answer, OutboundError, Request};
use testkit::connector;

use crate::trace::{OtherFault, Trace};

/// How long production code waits for one answer.
const ANSWER: Duration = Duration::from_secs(8);

/// The way out, with what can go wrong on it.
pub(crate) fn faulty(others: Outbound, trace: &Trace) -> Outbound {
    let trace = trace.clone();
    Outbound::InProcess(Arc::new(move |request| {
        let (others, trace) = (others.clone(), trace.clone());
        Box::pin(async move {
            let call = format!("{} {}", request.method, request.url);
            match trace.decide_other(&call, &request.body) {
                OtherFault::Pass => answered(&others, request).await,
                OtherFault::Delay(span) => {
                    tokio::time::sleep(span).await;
                    answered(&others, request).await
                }
                OtherFault::RequestLost => late().await,
                OtherFault::ReplyLost => {
                    let _lost = answered(&others, request).await;
                    late().await
                }
                OtherFault::CrashBefore => {
                    connector::die().await;
                    Err(OutboundError::Late)
                }
                OtherFault::CrashAfter => {
                    let _lost = answered(&others, request).await;
                    connector::die().await;
                    Err(OutboundError::Late)
                }
            }
        })
    }))
}

/// As over the network, nobody waits longer than they do there.
async fn answered(others: &Outbound, request: Request) -> Result<Answer, OutboundError> {
    tokio::time::timeout(ANSWER, others.call(request)).await.unwrap_or(Err(OutboundError::Late))
}

async fn late() -> Result<Answer, OutboundError> {
    tokio::time::sleep(ANSWER).await;
    Err(OutboundError::Late)
}
