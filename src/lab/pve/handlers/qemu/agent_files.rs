//! `/nodes/{node}/qemu/{vmid}/agent/…`: commands and files inside the guest.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::agent::reach;
use crate::os::{self, Exec};
use crate::pve::call::{Call, Refusal};
use crate::pve::handlers::common::{number, required};
use crate::pve::state::vm::AgentCommand;
use crate::world::keyed::Key;
use crate::world::{Site, Surroundings};

/// Bytes that one read gives.
const READ_BYTES_MAX: usize = 16 * 1024 * 1024;

/// `POST …/agent/exec`: no shell, the first word is the program. The answer is a process number at once.
pub fn exec(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let argv = words(call);
    let stdin = call.text("input-data").unwrap_or_default();
    let site_id = site.id.clone();
    let vm = reach(site, call)?;
    if argv.is_empty() {
        return Err(Refusal::param("command", "property is missing and it is not optional"));
    }
    let moment = around.now.0.to_string();
    let key = Key::new(around.seed, &[&site_id, "agent", &moment, &argv.join("\0")]);
    let mut pid = u32::try_from(key.number(1_000..=30_000)).unwrap_or(1_000);
    while vm.agent_commands.contains_key(&pid) {
        pid += 1;
    }
    let guest = vm.guest.as_mut().ok_or_else(|| Refusal::died("QEMU guest agent is not running"))?;
    let exec = Exec { user: "root".to_owned(), argv, stdin, ..Exec::default() };
    let output = os::run(guest, &exec, around);
    vm.agent_commands.insert(pid, AgentCommand { ends: around.now.plus_us(output.duration_us), output });
    Ok(json!({ "pid": pid }))
}

/// `GET …/agent/exec-status`: an exit is reported once, then the agent forgets the process.
pub fn exec_status(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let pid: u32 =
        number(call, "pid")?.ok_or_else(|| Refusal::param("pid", "property is missing and it is not optional"))?;
    let vm = reach(site, call)?;
    let command =
        vm.agent_commands.get(&pid).ok_or_else(|| Refusal::died(format!("Agent error: PID {pid} does not exist")))?;
    if command.ends > around.now {
        return Ok(json!({ "exited": 0 }));
    }
    // What a signal ended has no exit status (sheet Proxmox, section 7).
    let mut answer = match command.output.signal {
        Some(signal) => json!({ "exited": 1, "signal": signal }),
        None => json!({ "exited": 1, "exitcode": command.output.exit }),
    };
    if !command.output.stdout.is_empty() {
        answer["out-data"] = json!(command.output.stdout);
    }
    if !command.output.stderr.is_empty() {
        answer["err-data"] = json!(command.output.stderr);
    }
    vm.agent_commands.remove(&pid);
    Ok(answer)
}

/// `GET …/agent/file-read`
pub fn file_read(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let path = required(call, "file")?;
    let (offset, count) = (number(call, "offset")?.unwrap_or(0), number(call, "count")?.unwrap_or(READ_BYTES_MAX));
    let vm = reach(site, call)?;
    let text = vm.guest.as_ref().and_then(|guest| guest.files.read(&path));
    let text = text.ok_or_else(|| {
        Refusal::died(format!("Agent error: failed to open file '{path}' (mode: 'r'): No such file or directory"))
    })?;
    let bytes = text.as_bytes();
    let from = offset.min(bytes.len());
    let to = from.saturating_add(count.min(READ_BYTES_MAX)).min(bytes.len());
    let part = &bytes[from..to];
    let plain = call.params.contains_key("decode") && !call.flag("decode");
    let content = if plain { STANDARD.encode(part) } else { String::from_utf8_lossy(part).into_owned() };
    let mut answer = json!({ "content": content, "bytes-read": part.len() });
    if to < bytes.len() {
        answer["truncated"] = json!(1);
    }
    Ok(answer)
}

/// `POST …/agent/file-write`
pub fn file_write(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let path = required(call, "file")?;
    let content = call.text("content").unwrap_or_default();
    let already_encoded = call.params.contains_key("encode") && !call.flag("encode");
    let content = if already_encoded {
        let bytes = STANDARD.decode(&content).map_err(|_| Refusal::died("Agent error: Invalid parameter 'buf-b64'"))?;
        String::from_utf8(bytes)
            .map_err(|_| Refusal::Status(501, "files that are not text are not simulated in the lab".to_owned()))?
    } else {
        content
    };
    let vm = reach(site, call)?;
    let guest = vm.guest.as_mut().ok_or_else(|| Refusal::died("QEMU guest agent is not running"))?;
    let folder = path.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
    if !path.starts_with('/') || !guest.files.exists(folder) {
        return Err(Refusal::died(format!(
            "Agent error: failed to open file '{path}' (mode: 'wb'): No such file or directory"
        )));
    }
    guest.files.write(&path, content);
    Ok(Value::Null)
}

fn words(call: &Call) -> Vec<String> {
    match call.params.get("command") {
        Some(Value::Array(words)) => {
            words.iter().map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned)).collect()
        }
        _ => call.text("command").into_iter().collect(),
    }
}
