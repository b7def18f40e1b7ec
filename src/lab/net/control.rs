//! The lab's control address: its clock, its faults, its transcript, snapshots. Plain HTTP on loopback, JSON.

use std::num::NonZeroU32;

use axum::extract::{DefaultBodyLimit, Path, State as Shared};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Lab;
use super::fault::FaultPlan;
use crate::pbs::disk::{self, Deed};
use crate::world::World;

/// The largest body that the control address takes: a snapshot of a hundred sites is some tens of MiB.
const BODY_BYTES_MAX: usize = 512 * 1024 * 1024;

/// The control routes.
pub fn router(lab: Lab) -> Router {
    Router::new()
        .route("/clock", get(read_clock).post(sleep))
        .route("/pace", put(set_pace))
        .route("/faults", get(read_faults).put(plan_faults))
        .route("/transcript", get(read_transcript))
        .route("/digest", get(read_digest))
        .route("/snapshot", get(take_snapshot).put(restore_snapshot))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .route("/dns", post(publish))
        .route("/sites/{site}/online", post(set_online))
        .route("/backup-servers/{id}/online", post(set_server_online))
        .route("/backup-servers/{id}/datastores/{store}/disk", post(do_to_disk))
        .with_state(lab)
}

#[derive(Serialize)]
struct Reading {
    now_us: i64,
    /// What whoever asked to sleep still has to wait on the wall's clock; 0 where waiting moves the time.
    wait_us: u64,
}

#[derive(Deserialize)]
struct Sleep {
    sleep_us: u64,
}

#[derive(Deserialize)]
struct Record {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    value: String,
}

async fn read_clock(Shared(lab): Shared<Lab>) -> Json<Reading> {
    let mut state = lab.lock();
    state.settle();
    Json(Reading { now_us: state.world.now.0, wait_us: 0 })
}

async fn sleep(Shared(lab): Shared<Lab>, Json(sleep): Json<Sleep>) -> Json<Reading> {
    let mut state = lab.lock();
    state.pass(sleep.sleep_us);
    // Whoever moves the clock needs no waiting on its behalf.
    state.asked.clear();
    let wait_us = u64::try_from(state.take_owed().as_micros()).unwrap_or(u64::MAX);
    Json(Reading { now_us: state.world.now.0, wait_us })
}

async fn set_pace(Shared(lab): Shared<Lab>, Json(factor): Json<Option<NonZeroU32>>) {
    lab.set_pace(factor);
}

async fn read_faults(Shared(lab): Shared<Lab>) -> Json<FaultPlan> {
    Json(lab.lock().faults.clone())
}

async fn plan_faults(Shared(lab): Shared<Lab>, Json(plan): Json<FaultPlan>) {
    lab.lock().faults = plan;
}

async fn read_transcript(Shared(lab): Shared<Lab>) -> String {
    lab.lock().transcript.lines()
}

async fn read_digest(Shared(lab): Shared<Lab>) -> Json<Value> {
    let mut state = lab.lock();
    state.settle();
    Json(json!({ "digest": state.world.digest() }))
}

async fn take_snapshot(Shared(lab): Shared<Lab>) -> Json<World> {
    Json(lab.lock().world.clone())
}

async fn restore_snapshot(Shared(lab): Shared<Lab>, Json(world): Json<World>) {
    lab.lock().replace_world(world);
}

/// What the person at the registrar's page does.
async fn publish(Shared(lab): Shared<Lab>, Json(records): Json<Vec<Record>>) {
    let mut state = lab.lock();
    for record in records {
        let values = state.world.internet.dns.entry((record.name, record.kind)).or_default();
        if !values.contains(&record.value) {
            values.push(record.value);
        }
    }
}

async fn set_online(Shared(lab): Shared<Lab>, Path(site): Path<String>, Json(online): Json<bool>) -> StatusCode {
    match lab.lock().world.sites.get_mut(&site) {
        Some(place) => {
            place.online = online;
            StatusCode::NO_CONTENT
        }
        None => StatusCode::NOT_FOUND,
    }
}

async fn set_server_online(Shared(lab): Shared<Lab>, Path(id): Path<String>, Json(online): Json<bool>) -> StatusCode {
    let state = lab.lock();
    let now = state.world.now;
    match state.world.backup_servers.borrow_mut().by_id_mut(&id) {
        Some(server) => {
            server.set_online(online, now);
            StatusCode::NO_CONTENT
        }
        None => StatusCode::NOT_FOUND,
    }
}

/// What happens to the files of a datastore behind the server's back.
async fn do_to_disk(
    Shared(lab): Shared<Lab>,
    Path((id, store)): Path<(String, String)>,
    Json(deed): Json<Deed>,
) -> Result<Json<Value>, (StatusCode, String)> {
    let state = lab.lock();
    let mut servers = state.world.backup_servers.borrow_mut();
    let place = servers.by_id_mut(&id).and_then(|server| server.datastores.get_mut(&store));
    let place = place.ok_or((StatusCode::NOT_FOUND, "no such backup server or datastore".to_owned()))?;
    disk::apply(place, &deed).map(Json).map_err(|why| (StatusCode::NOT_FOUND, why))
}
