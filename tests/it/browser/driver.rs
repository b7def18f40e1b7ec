//! A real Chromium, driven over WebDriver by Debian's `chromedriver`. Everything that is looked for is waited for by the
//! driver itself, for a bounded time. The keyboard is in `keyboard`, what is seen of a page as a
//! whole in `sight`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long something that is looked for may take to appear, in milliseconds.
const APPEARS_MS_MAX: u64 = 60_000;

/// How long a page may take to load, in milliseconds.
const LOADS_MS_MAX: u64 = 180_000;

/// What WebDriver calls an element.
pub const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What Chromium is told besides. As root it runs without a sandbox; it asks nothing of the internet by itself.
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--lang=en-US",
];

/// A window's height in pixels.
const HEIGHT: u32 = 900;

/// How the browser is set up.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Whether pages may run scripts.
    pub javascript: bool,
    /// Whether the visitor prefers a dark page.
    pub dark: bool,
    /// Width of the window in pixels.
    pub width: u32,
}

/// A desk's width, a light page.
pub const DESK: Setup = Setup { javascript: true, dark: false, width: 1280 };

/// A phone's width.
pub const PHONE: Setup = Setup { width: 390, ..DESK };

/// A browser window.
pub struct Browser {
    driver: Child,
    http: reqwest::Client,
    /// Address of the session.
    session: String,
    home: TempDir,
}

impl Browser {
    /// Opens a window.
    pub async fn open(setup: Setup) -> Browser {
        let home = tempfile::tempdir().expect("a folder");
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .env("HOME", home.path())
            // How Chromium writes dates in its fields: Debian ships its other languages apart.
            .env("LANGUAGE", "en_US")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("no chromedriver: apt-get install chromium-driver");
        let mut lines = BufReader::new(driver.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let port = lines
            .by_ref()
            .find_map(|line| {
                line.split("started successfully on port ").nth(1)?.trim_end_matches('.').parse::<u16>().ok()
            })
            .expect("chromedriver says its port");
        // Read on, so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut browser = Browser { driver, http, session: format!("http://127.0.0.1:{port}/session"), home };
        let scripts = if setup.javascript { 1 } else { 2 };
        let profile = format!("--user-data-dir={}", browser.home.path().join("profile").display());
        let size = format!("--window-size={},{HEIGHT}", setup.width);
        let arguments: Vec<&str> = FLAGS.into_iter().chain([size.as_str(), profile.as_str()]).collect();
        let preferences = json!({ "profile.managed_default_content_settings.javascript": scripts });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "timeouts": { "implicit": APPEARS_MS_MAX, "pageLoad": LOADS_MS_MAX, "script": LOADS_MS_MAX },
            "goog:chromeOptions": { "args": arguments, "prefs": preferences },
        } } });
        let opened = browser.ask(Method::POST, "", Some(wanted)).await;
        let id = opened["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {opened}"));
        browser.session = format!("{}/{id}", browser.session);
        browser.look_as(setup).await;
        browser
    }

    /// Shows pages as on another screen, in another theme: a window cannot be as narrow as a phone. What scripts may do
    /// stays.
    pub async fn look_as(&self, setup: Setup) {
        let is_phone = setup.width < DESK.width;
        let screen = json!({ "width": setup.width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": is_phone });
        self.command("Emulation.setDeviceMetricsOverride", screen).await;
        let theme = if setup.dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": theme }]);
        self.command("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// A command of Chromium's own.
    pub async fn command(&self, name: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", json!({ "cmd": name, "params": parameters })).await
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.http.request(method, format!("{}{path}", self.session));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("chromedriver answers");
        let mut answer: Value = answer.json().await.expect("chromedriver speaks JSON");
        answer["value"].take()
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let value = self.ask(Method::POST, path, Some(body)).await;
        if let Some(error) = value.get("error") {
            panic!("{path}: {error}: {}\n{}", value["message"], self.source().await);
        }
        value
    }

    pub async fn get(&self, path: &str) -> String {
        let value = self.ask(Method::GET, path, None).await;
        value.as_str().unwrap_or_else(|| panic!("{path}: {value}")).to_owned()
    }

    /// Ends the session, without the runtime of a test that may be gone.
    fn close(&self) -> std::io::Result<()> {
        let (address, path) = self.session.trim_start_matches("http://").split_once('/').expect("an address");
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_millis(APPEARS_MS_MAX)))?;
        write!(stream, "DELETE /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        // It answers when the browser has ended, and leaves the connection open.
        stream.read(&mut [0; 512]).map(drop)
    }

    /// Goes to an address.
    pub async fn go(&self, url: &str) {
        self.post("/url", json!({ "url": url })).await;
    }

    /// Where it is.
    pub async fn url(&self) -> String {
        self.get("/url").await
    }

    /// The page's HTML.
    pub async fn source(&self) -> String {
        self.ask(Method::GET, "/source", None).await.as_str().unwrap_or_default().to_owned()
    }

    /// The first element that a CSS selector finds; waited for.
    async fn find(&self, css: &str) -> String {
        let found = self.post("/element", json!({ "using": "css selector", "value": css })).await;
        found[ELEMENT].as_str().unwrap_or_else(|| panic!("`{css}`: {found}")).to_owned()
    }

    /// Waits until something is there.
    pub async fn until(&self, css: &str) {
        self.find(css).await;
    }

    /// Waits until an element says something, wherever it is on the page.
    pub async fn until_says(&self, element: &str, words: &str) {
        let path = format!("//{element}[contains(normalize-space(.), \"{words}\")]");
        self.post("/element", json!({ "using": "xpath", "value": path })).await;
    }

    /// The text of an element, as a person sees it.
    pub async fn text(&self, css: &str) -> String {
        let element = self.find(css).await;
        self.get(&format!("/element/{element}/text")).await
    }

    /// The texts of everything that a CSS selector finds now.
    pub async fn texts(&self, css: &str) -> Vec<String> {
        let found = self.post("/elements", json!({ "using": "css selector", "value": css })).await;
        let mut texts = Vec::new();
        for one in found.as_array().expect("a list") {
            let element = one[ELEMENT].as_str().expect("an element");
            texts.push(self.get(&format!("/element/{element}/text")).await);
        }
        texts
    }

    /// The value of an attribute.
    pub async fn attribute(&self, css: &str, name: &str) -> String {
        let element = self.find(css).await;
        self.get(&format!("/element/{element}/attribute/{name}")).await
    }

    /// What stands in a field.
    pub async fn value(&self, css: &str) -> String {
        let element = self.find(css).await;
        self.get(&format!("/element/{element}/property/value")).await
    }

    /// Presses with the mouse.
    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        self.post(&format!("/element/{element}/click"), json!({})).await;
    }

    /// Presses a link or button by its words.
    pub async fn press(&self, words: &str) {
        let path = format!("//*[self::a or self::button][contains(normalize-space(.), \"{words}\")]");
        let found = self.post("/element", json!({ "using": "xpath", "value": path })).await;
        let element = found[ELEMENT].as_str().expect("an element").to_owned();
        self.post(&format!("/element/{element}/click"), json!({})).await;
    }

    /// Types into a field, in the place of what stands there.
    pub async fn fill(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        self.post(&format!("/element/{element}/clear"), json!({})).await;
        self.post(&format!("/element/{element}/value"), json!({ "text": text })).await;
    }

    /// Types a day, written as in 2026-11-01, into a field for days: month, day and year in the browser's order.
    pub async fn fill_date(&self, css: &str, day: &str) {
        let (year, rest) = day.split_once('-').expect("a day");
        let digits = format!("{}{year}", rest.replace('-', ""));
        let element = self.find(css).await;
        self.post(&format!("/element/{element}/value"), json!({ "text": digits })).await;
        assert_eq!(self.value(css).await, day, "the browser's own order");
    }

    /// Chooses in a list by its value.
    pub async fn choose(&self, name: &str, value: &str) {
        self.click(&format!("select[name='{name}'] option[value='{value}']")).await;
    }

    /// Runs a script on the page and gives what it returns. For looking only.
    pub async fn run(&self, script: &str) -> Value {
        self.run_with(script, json!([])).await
    }

    /// The same with arguments.
    pub async fn run_with(&self, script: &str, arguments: Value) -> Value {
        self.post("/execute/async", json!({ "script": script, "args": arguments })).await
    }

    /// Whoever is in elsewhere is in here, too. The browser has to be at the portal.
    pub async fn take_cookie(&self, cookie: &str) {
        let (name, value) = cookie.split_once('=').expect("a cookie");
        self.post("/cookie", json!({ "cookie": { "name": name, "value": value, "path": "/" } })).await;
    }

    /// Keeps what is downloaded, in a folder.
    pub async fn keep_downloads(&self) -> std::path::PathBuf {
        let folder = self.home.path().join("downloads");
        std::fs::create_dir_all(&folder).expect("a folder");
        self.command("Browser.setDownloadBehavior", json!({ "behavior": "allow", "downloadPath": folder })).await;
        folder
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked to, the driver ends its browser and waits for it; killed, it would leave parts of it behind.
        let _ = self.close();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
