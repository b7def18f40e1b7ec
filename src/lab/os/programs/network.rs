//! The network as a machine sees it: `curl`, `wget`, `ping`, `ip`.

use std::collections::BTreeMap;

use super::options::{Known, Options};
use super::text::options;
use super::{installer, yunohost};
use crate::os::process::Os;
use crate::os::{Exec, Output, directory, paths};

/// How long a client waits for a name server that does not answer.
const NO_ANSWER_US: u64 = 10_000_000;

/// An HTTP answer.
struct Answer {
    status: u16,
    body: String,
    /// What a downloaded file is, when its content is too big to be simulated.
    opaque: bool,
}

/// Why there is no answer: curl's exit code and words.
struct NoAnswer(i32, String);

/// The address of a name: the machine itself, its YunoHost domains, or a published record.
pub fn resolve(os: &Os<'_>, name: &str) -> Option<String> {
    if name == "localhost" || name == os.machine.hostname || directory::serves(os.machine, name) {
        return Some("127.0.0.1".to_owned());
    }
    if !os.machine.online() {
        return None;
    }
    let record = os.around.internet.dns.get(&(name.to_owned(), "A".to_owned())).and_then(|values| values.first());
    record.cloned().or_else(|| is_public(os, name).then(|| "198.51.100.80".to_owned()))
}

/// Whether a name is that of a server that the simulated internet has.
fn is_public(os: &Os<'_>, name: &str) -> bool {
    let downloads = os.around.internet.downloads.keys().filter_map(|url| host_of(url));
    name == "yunohost.org" || name == "deb.debian.org" || downloads.into_iter().any(|host| host == name)
}

fn host_of(url: &str) -> Option<&str> {
    url.split_once("://")?.1.split(['/', ':', '?']).next()
}

/// `curl` with what scripts use of it; one URL at a time.
pub fn curl(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known {
        program: "curl",
        flags: &["f,fail", "s,silent", "S,show-error", "L,location", "k,insecure", "I,head"],
        values: &[
            "o,output",
            "H,header",
            "X,request",
            "d,data,data-raw,data-binary",
            "w,write-out",
            "resolve",
            "m,max-time",
            "connect-timeout",
            "u,user",
            "retry",
        ],
        anywhere: true,
    };
    let options = options!(known, &exec.argv[1..]);
    let [url] = options.operands.as_slice() else { return Output::fail(2, "curl: (2) no URL specified") };
    if options.has("u") || options.has("I") {
        return Output::fail(2, "lab: curl: options -u and -I are not simulated");
    }
    let url = if url.contains("://") { url.clone() } else { format!("http://{url}") };
    let data = match request_body(os, exec, &options) {
        Ok(data) => data,
        Err(refusal) => return refusal,
    };
    let answer = match fetch(os, &options, &url, data) {
        Ok(answer) => answer,
        Err(NoAnswer(exit, words)) => {
            let shows = !options.has("s") || options.has("S");
            let written = options.value("w").map(|format| write_out(format, 0, 0)).unwrap_or_default();
            let stderr = if shows { format!("curl: ({exit}) {words}\n") } else { String::new() };
            return Output { exit, stdout: written, stderr, duration_us: NO_ANSWER_US, ..Output::default() };
        }
    };
    let written =
        options.value("w").map(|format| write_out(format, answer.status, answer.body.len())).unwrap_or_default();
    if options.has("f") && answer.status >= 400 {
        let words = format!("curl: (22) The requested URL returned error: {}\n", answer.status);
        let stderr = if !options.has("s") || options.has("S") { words } else { String::new() };
        return Output { exit: 22, stdout: written, stderr, duration_us: 200_000, ..Output::default() };
    }
    deliver(os, exec, options.value("o"), answer, written)
}

/// Writes the body where it was asked for.
fn deliver(os: &mut Os<'_>, exec: &Exec, file: Option<&str>, answer: Answer, written: String) -> Output {
    if answer.opaque {
        return Output::fail(23, "lab: this download's content is not simulated: download it with Proxmox");
    }
    let mut output = Output { duration_us: 300_000, ..Output::default() };
    match file {
        None | Some("-") => output.stdout = answer.body,
        Some(file) => {
            let (path, umask) = (super::path(exec, file), os.umask);
            if paths::write(os.machine, &exec.user, &path, &answer.body, umask).is_err() {
                return Output::fail(23, "curl: (23) Failure writing output to destination");
            }
        }
    }
    output.stdout.push_str(&written);
    output
}

fn write_out(format: &str, status: u16, size: usize) -> String {
    format
        .replace("%{http_code}", &format!("{status:03}"))
        .replace("%{response_code}", &format!("{status:03}"))
        .replace("%{size_download}", &size.to_string())
        .replace("\\n", "\n")
}

fn request_body(os: &mut Os<'_>, exec: &Exec, options: &Options) -> Result<Option<String>, Output> {
    let mut parts = Vec::new();
    for part in options.all("d") {
        parts.push(match part.strip_prefix('@') {
            None => part.clone(),
            Some("-") => os.input(exec).to_owned(),
            Some(file) => paths::read(os.machine, &exec.user, &super::path(exec, file)).map_err(|_| {
                Output::fail(26, format!("curl: option -d: error encountered when reading a file: {file}"))
            })?,
        });
    }
    Ok((!parts.is_empty()).then(|| parts.join("&")))
}

fn fetch(os: &mut Os<'_>, options: &Options, url: &str, data: Option<String>) -> Result<Answer, NoAnswer> {
    let host = host_of(url).unwrap_or_default().to_owned();
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()));
    let path = path.unwrap_or_else(|| "/".to_owned());
    let sent_here = options
        .all("resolve")
        .iter()
        .any(|rule| rule.strip_prefix(&format!("{host}:")).is_some_and(|rest| rest.ends_with(":127.0.0.1")));
    let mut headers: BTreeMap<String, String> = options
        .all("H")
        .iter()
        .filter_map(|header| header.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let method = options.value("X").unwrap_or(if data.is_some() { "POST" } else { "GET" }).to_owned();
    let is_local = sent_here || host == "127.0.0.1" || host == "localhost" || directory::serves(os.machine, &host);
    if is_local {
        let name = headers.remove("Host").unwrap_or(host);
        if !yunohost::web_server_runs(os.machine) {
            return Err(NoAnswer(
                7,
                format!("Failed to connect to {name} port 443 after 0 ms: Couldn't connect to server"),
            ));
        }
        if url.starts_with("https://") && !options.has("k") && !directory::certificate_trusted(os.machine, &name) {
            return Err(NoAnswer(60, "SSL certificate problem: self-signed certificate".to_owned()));
        }
        let body = data.unwrap_or_default();
        let (status, body) = directory::web(os.machine, &name, &method, &path, &headers, &body);
        return Ok(Answer { status, body, opaque: false });
    }
    if resolve(os, &host).is_none() {
        return Err(NoAnswer(6, format!("Could not resolve host: {host}")));
    }
    let Some(download) = os.around.internet.downloads.get(url) else {
        return Ok(Answer { status: 404, body: "Not Found\n".to_owned(), opaque: false });
    };
    Ok(match download.kind.as_str() {
        "yunohost-installer" => Answer { status: 200, body: installer::script(url), opaque: false },
        _ => Answer { status: 200, body: String::new(), opaque: true },
    })
}

/// `wget -q -O FILE URL` (`-` is standard output)
pub fn wget(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known {
        program: "wget",
        flags: &["q,quiet", "no-check-certificate"],
        values: &["O,output-document", "T,timeout", "t,tries"],
        anywhere: true,
    };
    let options = options!(known, &exec.argv[1..]);
    let ([url], Some(file)) = (options.operands.as_slice(), options.value("O")) else {
        return Output::fail(2, "lab: wget is simulated with -O and one URL only");
    };
    match fetch(os, &Options::default(), url, None) {
        Err(NoAnswer(_, words)) => {
            let stderr = if options.has("q") { String::new() } else { format!("wget: {words}\n") };
            Output { exit: 4, stderr, duration_us: NO_ANSWER_US, ..Output::default() }
        }
        Ok(answer) if answer.status >= 400 => {
            let words = format!("ERROR {}", answer.status);
            Output { exit: 8, stderr: if options.has("q") { String::new() } else { words + "\n" }, ..Output::default() }
        }
        Ok(answer) => deliver(os, exec, Some(file), answer, String::new()),
    }
}

/// `ping -c N [-W S] HOST`
pub fn ping(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known { program: "ping", flags: &["q", "4", "6", "n"], values: &["c", "W", "w", "i"], anywhere: true };
    let options = options!(known, &exec.argv[1..]);
    let [host] = options.operands.as_slice() else {
        return Output::fail(1, "ping: usage error: Destination address required");
    };
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    let Some(address) = (if is_address { Some(host.clone()) } else { resolve(os, host) }) else {
        return Output::fail(2, format!("ping: {host}: Temporary failure in name resolution"));
    };
    let count: u64 = options.value("c").and_then(|count| count.parse().ok()).unwrap_or(4);
    let local =
        address.starts_with("127.") || os.machine.addresses.iter().any(|one| one.starts_with(&format!("{address}/")));
    let answered = local || os.machine.online();
    let (received, loss) = if answered { (count, 0) } else { (0, 100) };
    Output {
        exit: i32::from(!answered),
        stdout: format!(
            "PING {host} ({address}) 56(84) bytes of data.\n\n--- {host} ping statistics ---\n{count} packets transmitted, \
             {received} received, {loss}% packet loss, time 0ms\n"
        ),
        duration_us: if answered { count * 1_000_000 } else { count * 2_000_000 },
        ..Output::default()
    }
}

/// `ip -br addr`
pub fn ip(os: &mut Os<'_>, exec: &Exec) -> Output {
    let words: Vec<&str> = exec.argv[1..].iter().map(String::as_str).collect();
    if !matches!(words.as_slice(), ["-br" | "-brief", "addr" | "a" | "address"] | ["-br" | "-brief", "addr", "show"]) {
        return Output::fail(2, format!("lab: ip {} is not simulated", words.join(" ")));
    }
    let device = if os.machine.packages.installed("pve-manager") { "vmbr0" } else { "eth0" };
    Output::out(format!(
        "lo               UNKNOWN        127.0.0.1/8 ::1/128 \n{device:<16} UP             {} \n",
        os.machine.addresses.join(" ")
    ))
}
