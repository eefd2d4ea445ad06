//! How people reach the API: by an app that asks again.

use std::time::Duration;

use serde_json::Value;
use testkit::chance::Chance;

use crate::environment::Environment;
use crate::world::World;

/// How often an app repeats a call that was not answered.
const TRIES: u32 = 12;

/// What came back: a status and a JSON body; 0 is no answer.
pub type Reply = (u64, Value);

/// Calls a function of the API as an app does: again, with the same key, while there is no answer or "try again".
pub async fn call(world: &World, chance: &Chance, function: &str, route: &str, event: Value) -> Reply {
    let mut last = (0, Value::Null);
    for attempt in 0..TRIES {
        last = once(world, function, event.clone()).await;
        world.answered(route, last.0, last.1["code"].as_str().unwrap_or_default());
        if last.0 != 0 && last.0 < 500 {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(500 * u64::from(attempt) + chance.below(500))).await;
    }
    last
}

async fn once(world: &World, function: &str, event: Value) -> Reply {
    let platform = world.platform(function).expect("the template has the function");
    let environment = Environment::start(function, &platform).expect("it starts with the template's settings");
    match world.invoke(function, &environment, event).await {
        Ok(Ok(answer)) => {
            let status = answer["statusCode"].as_u64().unwrap_or(0);
            let body = answer["body"].as_str().unwrap_or_default();
            (status, serde_json::from_str(body).unwrap_or(Value::Null))
        }
        Ok(Err(_)) | Err(_) => (0, Value::Null),
    }
}
