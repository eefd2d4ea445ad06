//! How people reach the API: by an app that asks again.

use std::time::Duration;

use serde_json::Value;
use testkit::chance::Chance;

use crate::environment::Environment;
use crate::sale::Heard;
use crate::world::World;

/// How often an app repeats a call that was not answered.
const TRIES: u32 = 12;
/// Calls in a thousand that meet an environment which is warm, if there is one: what it remembers is then relied on.
const WARM: u32 = 700;

/// What came back: a status and a JSON body; 0 is no answer.
pub type Reply = (u64, Value);

/// Calls a function of the API as an app does: again, with the same key, while there is no answer or "try again".
pub async fn call(world: &World, chance: &Chance, function: &str, route: &str, event: Value) -> Reply {
    let mut last = (0, Value::Null);
    for attempt in 0..TRIES {
        last = tap(world, chance, function, route, &event).await;
        if last.0 != 0 && last.0 < 500 {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(500 * u64::from(attempt) + chance.below(500))).await;
    }
    last
}

/// One try: a second click that nobody waits for.
pub async fn tap(world: &World, chance: &Chance, function: &str, route: &str, event: &Value) -> Reply {
    let warm = chance.happens(WARM).then(|| world.warm(function)).flatten();
    let environment = warm.unwrap_or_else(|| cold(world, function));
    let began = world.stage.now();
    let (status, body) = once(world, (function, environment), event.clone()).await;
    world.answered(route, status, body["code"].as_str().unwrap_or_default());
    let ended = world.stage.now();
    world.sale.heard(&Heard { route, event, status, body: &body, began, ended });
    (status, body)
}

fn cold(world: &World, function: &str) -> Environment {
    let platform = world.platform(function).expect("the template has the function");
    Environment::start(function, &platform).expect("it starts with the template's settings")
}

/// One try. An environment is lost in a crash, and is used again otherwise.
async fn once(world: &World, (function, environment): (&str, Environment), event: Value) -> Reply {
    let Ok(answer) = world.invoke(function, &environment, event).await else { return (0, Value::Null) };
    world.keep_warm(function, environment);
    match answer {
        Ok(answer) => {
            let status = answer["statusCode"].as_u64().unwrap_or(0);
            let body = answer["body"].as_str().unwrap_or_default();
            (status, serde_json::from_str(body).unwrap_or(Value::Null))
        }
        Err(_) => (0, Value::Null),
    }
}
