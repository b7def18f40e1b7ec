//! Traffic control.

use serde_json::{Map, Value, json};

use super::{chosen, digest, update};
use crate::pbs::call::{Call, Reply, nothing};
use crate::pbs::refusal::Refusal;

type Answer = Result<Reply, Refusal>;

/// What a rule consists of.
const OPTIONS: [&str; 9] =
    ["name", "comment", "network", "rate-in", "rate-out", "burst-in", "burst-out", "timeframe", "users"];

fn traffic_digest(call: &Call<'_>) -> String {
    let all: Map<String, Value> =
        call.server().traffic.iter().map(|(name, rule)| (name.clone(), json!(rule))).collect();
    digest(&Value::Object(all))
}

fn lookup(call: &Call<'_>, name: &str) -> Result<Map<String, Value>, Refusal> {
    let rule = call.server().traffic.get(name).cloned();
    rule.ok_or_else(|| Refusal::bad(format!("no such rule '{name}'")))
}

/// `GET /config/traffic-control`
pub fn list(call: &mut Call<'_>) -> Answer {
    let list: Vec<Value> = call.server().traffic.values().map(|rule| json!(rule)).collect();
    Ok(Reply::from(json!(list)).beside("digest", traffic_digest(call)))
}

/// `GET /admin/traffic-control`: nothing flows in the lab between two requests.
pub fn state(call: &mut Call<'_>) -> Answer {
    let list: Vec<Value> = call
        .server()
        .traffic
        .values()
        .map(|rule| {
            let mut view = json!(rule);
            view["cur-rate-in"] = json!(0);
            view["cur-rate-out"] = json!(0);
            view
        })
        .collect();
    Ok(json!(list).into())
}

/// `GET /config/traffic-control/{name}`
pub fn read(call: &mut Call<'_>) -> Answer {
    let rule = lookup(call, &call.word("name"))?;
    Ok(Reply::from(json!(rule)).beside("digest", traffic_digest(call)))
}

/// `POST /config/traffic-control`
pub fn create(call: &mut Call<'_>) -> Answer {
    let name = call.word("name");
    if call.server().traffic.contains_key(&name) {
        return Err(Refusal::param("name", &format!("Traffic control rule '{name}' already exists.")));
    }
    let rule = chosen(call, &OPTIONS);
    call.server_mut().traffic.insert(name, rule);
    nothing()
}

/// `PUT /config/traffic-control/{name}`
pub fn change(call: &mut Call<'_>) -> Answer {
    call.check_digest(&traffic_digest(call))?;
    let name = call.word("name");
    let mut rule = lookup(call, &name)?;
    update(&mut rule, call, &OPTIONS);
    call.server_mut().traffic.insert(name, rule);
    nothing()
}

/// `DELETE /config/traffic-control/{name}`
pub fn delete(call: &mut Call<'_>) -> Answer {
    call.check_digest(&traffic_digest(call))?;
    let name = call.word("name");
    lookup(call, &name)?;
    call.server_mut().traffic.remove(&name);
    nothing()
}
