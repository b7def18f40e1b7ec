//! Programs that a YunoHost server has besides the usual ones: `yunohost`, the mail, directory and firewall tools, the
//! databases and the apps' own commands.

use super::options::Known;
use super::text::options;
use crate::os::process::Os;
use crate::os::{Exec, Machine, Output, ProgramRun, directory, paths};
use crate::yunohost as ynh;
use crate::yunohost::apps::{Inside, people_of, synchronise_dolibarr};
use crate::yunohost::backups::archive::Archive;
use crate::yunohost::dolibarr::sql::sql;
use crate::yunohost::nextcloud::occ;

/// `yunohost …`: answered by the YunoHost room.
pub fn yunohost(os: &mut Os<'_>, exec: &Exec) -> Output {
    os.uses_yunohost = true;
    let around = os.around_now();
    os.machine.yunohost_runs.push(ProgramRun { at: around.now, argv: exec.argv.clone() });
    let output = ynh::run(os.machine, exec, around);
    if os.machine.files.read(ynh::POWER_PATH).is_some_and(|word| word.trim() == "reboot") {
        os.machine.reboot_at = Some(around.now.plus_us(output.duration_us));
    }
    output
}

/// What a killed `yunohost` leaves: its lock with the number of a process that is gone, and of its work what is hard to
/// undo. A post-installation leaves its domain and user without the mark of success; an installation leaves the app
/// registered with its settings, but nothing that works inside.
pub fn leave_half_done(os: &mut Os<'_>, exec: &Exec) {
    let words: Vec<&str> = exec.argv[1..].iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let around = os.around_now();
    match words.as_slice() {
        ["tools", "postinstall", ..] => {
            ynh::run(os.machine, exec, around);
            os.machine.files.remove(ynh::INSTALLED_PATH);
        }
        ["app", "install", ..] => {
            let ids = |machine: &Machine| -> Vec<String> {
                machine.yunohost.iter().flat_map(|yunohost| yunohost.apps.installed.keys().cloned()).collect()
            };
            let before = ids(os.machine);
            ynh::run(os.machine, exec, around);
            let fresh: Vec<String> = ids(os.machine).into_iter().filter(|id| !before.contains(id)).collect();
            for id in fresh {
                let yunohost = os.machine.yunohost.as_deref_mut();
                if let Some(app) = yunohost.and_then(|yunohost| yunohost.apps.installed.get_mut(&id)) {
                    app.program = Inside::Plain;
                }
            }
        }
        _ => {}
    }
    let pid = os.machine.units.take_pid();
    os.machine.files.write(ynh::lock::PATH, pid.to_string());
}

/// Whether the web server runs.
pub fn web_server_runs(machine: &Machine) -> bool {
    machine.yunohost.is_some() && machine.units.active("nginx.service")
}

/// `postconf [-h] [NAME…]`: settings of `main.cf`.
pub fn postconf(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(Known { program: "postconf", flags: &["h"], values: &[], anywhere: true }, &exec.argv[1..]);
    if options.operands.is_empty() {
        return Output::fail(2, "lab: postconf without a name is not simulated");
    }
    let text = os.machine.files.read("/etc/postfix/main.cf").unwrap_or_default();
    let mut out = String::new();
    for name in &options.operands {
        let value = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .filter(|(key, _)| key.trim() == name)
            .map(|(_, value)| value.trim())
            .next_back();
        let value = value.unwrap_or_else(|| postfix_default(name));
        let line = if options.has("h") { value.to_owned() } else { format!("{name} = {value}") };
        out.push_str(&format!("{}\n", line.trim_end()));
    }
    Output::out(out)
}

fn postfix_default(name: &str) -> &'static str {
    match name {
        "smtp_sasl_auth_enable" | "smtpd_use_tls" => "no",
        "mydestination" => "$myhostname, localhost.$mydomain, localhost",
        "inet_interfaces" | "inet_protocols" => "all",
        _ => "",
    }
}

const SUDO_ENTRY: &str = "cn=admins,ou=sudo,dc=yunohost,dc=org";

/// `ldapsearch -x -H URL -LLL -b BASE [FILTER] ATTRIBUTES` for the entry of the administrators' sudo rights.
pub fn ldapsearch(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known { program: "ldapsearch", flags: &["x", "L"], values: &["H", "b", "s"], anywhere: true };
    let options = options!(known, &exec.argv[1..]);
    let Some(base) = options.value("b") else { return Output::fail(2, "lab: ldapsearch without -b is not simulated") };
    if base != SUDO_ENTRY {
        return Output::fail(2, format!("lab: ldapsearch: base {base} is not simulated"));
    }
    let attributes: Vec<&str> =
        options.operands.iter().map(String::as_str).filter(|word| !word.starts_with('(')).collect();
    let mut values = vec![("sudoCommand", "ALL"), ("sudoUser", "%admins")];
    if directory::passwordless_sudo(os.machine) {
        values.push(("sudoOption", "!authenticate"));
    }
    let mut out = format!("dn: {SUDO_ENTRY}\n");
    for (name, value) in values.iter().filter(|(name, _)| attributes.is_empty() || attributes.contains(name)) {
        out.push_str(&format!("{name}: {value}\n"));
    }
    Output::out(out + "\n")
}

/// `ldapwhoami -x -H URL -D DN -w PASSWORD`
pub fn ldapwhoami(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known { program: "ldapwhoami", flags: &["x"], values: &["H", "D", "w"], anywhere: true };
    let options = options!(known, &exec.argv[1..]);
    let (Some(dn), Some(password)) = (options.value("D"), options.value("w")) else {
        return Output::out("anonymous\n");
    };
    let user = dn.split(',').next().and_then(|part| part.strip_prefix("uid=")).unwrap_or_default();
    match directory::password_is(os.machine, user, password) {
        Some(true) => Output::out(format!("dn:{dn}\n")),
        _ => Output::fail(49, "ldap_bind: Invalid credentials (49)"),
    }
}

/// `nft list chain inet filter input`: what the firewall lets in.
pub fn nft(os: &mut Os<'_>, exec: &Exec) -> Output {
    if exec.argv[1..].join(" ") != "list chain inet filter input" {
        return Output::fail(2, format!("lab: {} is not simulated", exec.argv.join(" ")));
    }
    let Some(yunohost) = os.machine.yunohost.as_deref() else {
        return Output::fail(1, "Error: No such file or directory");
    };
    let rules = yunohost.firewall.rules();
    let counted = rules.lines().map(|rule| match rule.strip_suffix(" accept") {
        Some(rule) => format!("\t\t{rule} counter packets 0 bytes 0 accept\n"),
        None => format!("\t\t{rule}\n"),
    });
    let mut out = "table inet filter {\n\tchain input {\n".to_owned();
    out.extend(counted);
    for (family, networks) in
        [("ip6", "fd00::/8, fe80::/10"), ("ip", "10.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16")]
    {
        out.push_str(&format!(
            "\t\tudp sport 1900 udp dport >= 1024 {family} saddr {{ {networks} }} meta pkttype host limit rate 4/second \
             burst 20 packets accept comment \"Accept UPnP IGD port mapping reply\"\n"
        ));
    }
    Output::out(out + "\t}\n}\n")
}

/// Jails that YunoHost turns on (sheet YunoHost, section 2, and its recorded session).
const JAILS: [&str; 9] =
    ["dovecot", "nginx-http-auth", "pam-generic", "postfix", "recidive", "sasl", "sshd", "yunohost", "yunohost-portal"];

/// `fail2ban-client -d`: the start of every jail.
pub fn fail2ban_client(_os: &mut Os<'_>, exec: &Exec) -> Output {
    if exec.argv[1..] != ["-d"] {
        return Output::fail(2, format!("lab: {} is not simulated", exec.argv.join(" ")));
    }
    Output::out(JAILS.iter().map(|jail| format!("['add', '{jail}', 'auto']\n")).collect::<String>())
}

/// `mysql [-N] [-B] [-e STATEMENT] [DATABASE]`, statements on standard input without `-e`.
pub fn database(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known {
        program: "mysql",
        flags: &["N,skip-column-names", "B,batch", "s,silent", "p"],
        values: &["e,execute", "D,database", "u,user", "default-character-set"],
        anywhere: true,
    };
    let options = options!(known, &exec.argv[1..]);
    if exec.user != "root" {
        let user = &exec.user;
        return Output::fail(1, format!("ERROR 1698 (28000): Access denied for user '{user}'@'localhost'"));
    }
    let Some(name) = options.value("D").or(options.operands.first().map(String::as_str)) else {
        return Output::fail(1, "ERROR 1046 (3D000) at line 1: No database selected");
    };
    let text = match options.value("e") {
        Some(text) => text.to_owned(),
        None => os.input(exec).to_owned(),
    };
    let now = os.now();
    let Some(apps) = os.machine.yunohost.as_deref_mut().map(|yunohost| &mut yunohost.apps) else {
        return Output::fail(1, format!("ERROR 1049 (42000): Unknown database '{name}'"));
    };
    // Counting works on every database: one line for each row.
    let tables = apps.tables_of(name);
    let Some(tables) = tables else { return Output::fail(1, format!("ERROR 1049 (42000): Unknown database '{name}'")) };
    let mut state = apps.dolibarr(name);
    let mut output = Output { duration_us: 30_000, ..Output::default() };
    for statement in statements(&text) {
        if let Some(counted) = counted(&statement, &tables) {
            match counted {
                Ok(lines) => {
                    let heading = if options.has("N") { "" } else { "1\n" };
                    output.stdout.push_str(&format!("{heading}{lines}"));
                    continue;
                }
                Err(error) => {
                    output.exit = 1;
                    output.stderr = error;
                    return output;
                }
            }
        }
        let Some(state) = state.as_deref_mut() else {
            return Output::fail(2, format!("lab: mysql {name}: only counting is simulated there"));
        };
        match sql(state, &statement, now) {
            Err(error) => {
                output.exit = 1;
                output.stderr = format!("{error}\n");
                return output;
            }
            Ok(result) if result.rows.is_empty() => {}
            Ok(result) => {
                if !options.has("N") {
                    output.stdout.push_str(&format!("{}\n", result.columns.join("\t")));
                }
                for row in result.rows {
                    let cells: Vec<String> =
                        row.into_iter().map(|cell| cell.map_or("NULL".to_owned(), |cell| escape(&cell))).collect();
                    output.stdout.push_str(&format!("{}\n", cells.join("\t")));
                }
            }
        }
    }
    output
}

/// What `SHOW TABLES` and `SELECT 1 FROM table` print; none for other statements.
fn counted(statement: &str, tables: &[(String, u64)]) -> Option<Result<String, String>> {
    let statement = statement.trim();
    if statement.eq_ignore_ascii_case("SHOW TABLES") {
        return Some(Ok(tables.iter().map(|(name, _)| format!("{name}\n")).collect()));
    }
    let name = statement.strip_prefix("SELECT 1 FROM ")?.trim().trim_matches('`');
    Some(match tables.iter().find(|(one, _)| one == name) {
        Some((_, rows)) => Ok("1\n".repeat(usize::try_from(*rows).unwrap_or_default())),
        None => Err(format!("ERROR 1146 (42S02) at line 1: Table '{name}' doesn't exist\n")),
    })
}

/// Splits at semicolons outside of quotes.
fn statements(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut quote = None;
    let mut escaped = false;
    for one in text.chars() {
        match (quote, one) {
            (None, ';') => {
                found.push(String::new());
                continue;
            }
            (None, '\'' | '"') => quote = Some(one),
            (Some(open), _) if open == one && !escaped => quote = None,
            _ => {}
        }
        escaped = one == '\\' && !escaped;
        if let Some(last) = found.last_mut() {
            last.push(one);
        }
    }
    found.retain(|statement| !statement.trim().is_empty());
    found
}

/// A value as batch output shows it.
fn escape(cell: &str) -> String {
    cell.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t")
}

/// Dolibarr's own script that takes over users of the directory, in its folder.
const DOLIBARR_SYNC: &str = "/scripts/user/sync_users_ldap2dolibarr.php";

/// `php8.4 [--define …] /var/www/nextcloud/occ …`
pub fn php(os: &mut Os<'_>, exec: &Exec) -> Output {
    let mut words = exec.argv[1..].iter();
    let script = loop {
        match words.next().map(String::as_str) {
            Some("--define" | "-d") => {
                words.next();
            }
            Some(flag) if flag.starts_with("--define=") || flag.starts_with("-d") => {}
            Some(script) => break script.to_owned(),
            None => return Output::fail(2, "lab: php without a script is not simulated"),
        }
    };
    let arguments: Vec<String> = words.cloned().collect();
    let folder = ["/occ", DOLIBARR_SYNC].into_iter().find_map(|end| script.strip_suffix(end));
    let folder = folder.map(|folder| super::path(exec, folder));
    let now = os.now();
    let Some(yunohost) = os.machine.yunohost.as_deref_mut() else {
        return Output { exit: 127, stderr: super::NOT_FOUND.to_owned(), ..Output::default() };
    };
    let installed = yunohost.apps.installed.iter();
    let mut instances = installed
        .filter(|(id, app)| folder.as_deref() == Some(app.setting("install_dir").unwrap_or(&format!("/var/www/{id}"))));
    let Some(id) = instances.next().map(|(id, _)| id.clone()) else {
        return Output { exit: 1, ..Output::out(format!("Could not open input file: {script}\n")) };
    };
    if script.ends_with(DOLIBARR_SYNC) {
        return match synchronise_dolibarr(yunohost, &id) {
            Some(Ok(())) => {
                Output { duration_us: 1_500_000, ..Output::out("***** sync_users_ldap2dolibarr.php *****\n") }
            }
            Some(Err(words)) => Output::fail(2, words),
            None => Output { exit: 1, ..Output::out(format!("Could not open input file: {script}\n")) },
        };
    }
    if exec.user != id {
        let words = "Console has to be executed with the user that owns the file config/config.php";
        return Output { exit: 1, ..Output::out(format!("{words}\nCurrent user id: {}\n", exec.user)) };
    }
    let people = people_of(yunohost, &id);
    match yunohost.apps.nextcloud(&id) {
        Some(state) => occ(state, &people, &arguments, now),
        None => Output::fail(2, format!("lab: php: {script} is not simulated")),
    }
}

/// `tar tf FILE`: what an archive of YunoHost holds.
pub fn tar(os: &mut Os<'_>, exec: &Exec) -> Output {
    let [mode, file] = &exec.argv[1..] else { return Output::fail(2, "lab: tar is simulated as tar tf FILE only") };
    if !matches!(mode.as_str(), "tf" | "-tf") {
        return Output::fail(2, "lab: tar is simulated as tar tf FILE only");
    }
    match paths::read(os.machine, &exec.user, &super::path(exec, file)) {
        Ok(text) => match archive_paths(&text) {
            Some(paths) => Output::out(paths.iter().map(|path| format!("{path}\n")).collect::<String>()),
            None => Output::fail(
                2,
                "tar: This does not look like a tar archive\ntar: Exiting with failure status due to previous errors",
            ),
        },
        Err(error) => {
            Output::fail(2, format!("tar: {file}: Cannot open: {error}\ntar: Error is not recoverable: exiting now"))
        }
    }
}

/// The folders and files of an archive.
fn archive_paths(text: &str) -> Option<Vec<String>> {
    let archive = Archive::parse(text)?;
    let mut paths = vec!["info.json".to_owned()];
    for (id, saved) in &archive.apps {
        let inside = format!("apps/{id}");
        paths.extend([format!("{inside}/"), format!("{inside}/backup/"), format!("{inside}/settings/")]);
        paths.extend(saved.files.iter().map(|(path, entry)| {
            let slash = if entry.content.is_none() { "/" } else { "" };
            format!("{inside}/backup{path}{slash}")
        }));
    }
    for (part, saved) in &archive.system {
        paths.extend(saved.files.iter().map(|(path, _)| format!("{part}{path}")));
    }
    Some(paths)
}
