//! A page as a whole: before axe-core, on a phone, and as a picture.

use std::path::PathBuf;

use base64::Engine as _;
use serde_json::{Value, json};

use super::axe::assert_clean;
use super::driver::{Browser, DESK, PHONE, Setup};

/// Names the folder in which pictures are put. Without it none are taken.
const PICTURES: &str = "ACCOLADES_PORTAL_PICTURES";

/// Smallest side of what is pressed with a finger, in pixels.
const TARGET: u32 = 44;

/// Everything that sticks out of a phone's screen, and everything to press that is too small for a finger. Links within a
/// sentence are as high as its lines: they are read before they are pressed.
const MEASURE: &str = "
    const done = arguments[arguments.length - 1], smallest = arguments[0], wide = innerWidth, found = [];
    const name = element => element.tagName + ' ' + (element.innerText || element.name || element.id).slice(0, 40);
    const isIn = (element, css) => element.closest(css) !== null;
    for (const element of document.querySelectorAll('body *')) {
        const box = element.getBoundingClientRect();
        if (box.width === 0 || box.height === 0 || isIn(element, '.hidden, .skip, .scroll > *, svg *')) continue;
        if (box.right > wide + 0.5) found.push('sticks out by ' + (box.right - wide) + ': ' + name(element));
    }
    if (document.documentElement.scrollWidth > wide) found.push('the page is wider than the screen');
    for (const element of document.querySelectorAll('a, button, summary, select, textarea, input:not([type=hidden])')) {
        const box = element.getBoundingClientRect();
        const isInline = getComputedStyle(element).display === 'inline' && isIn(element, 'p, li, td, th, h2, h3, dd');
        const label = element.labels && element.labels[0] ? element.labels[0].getBoundingClientRect().height : 0;
        if (box.height === 0 || isIn(element, '.skip') || isInline) continue;
        if (Math.max(box.height, isIn(element, '.choice') ? label : 0) < smallest - 0.5)
            found.push('only ' + box.height + ' high: ' + name(element));
    }
    done(found);";

/// Looks at the page that is shown in every way: axe-core in both themes, a phone's width, and pictures when they are asked
/// for. Leaves the browser at a desk, with a light page.
pub async fn look_at(browser: &Browser, name: &str) {
    assert_clean(browser, name).await;
    browser.look_as(Setup { dark: true, ..DESK }).await;
    assert_clean(browser, &format!("{name}, dark")).await;
    browser.look_as(PHONE).await;
    assert_fits(browser, name).await;
    picture(browser, name).await;
    browser.look_as(DESK).await;
}

/// Asserts that nothing sticks out of a phone's screen and that fingers find everything.
async fn assert_fits(browser: &Browser, name: &str) {
    let found = browser.run_with(MEASURE, json!([TARGET])).await;
    let found = found.as_array().unwrap_or_else(|| panic!("{name}: {found}"));
    assert!(found.is_empty(), "{name}, on a phone: {}", serde_json::to_string_pretty(found).expect("JSON"));
}

fn theme(is_dark: bool) -> &'static str {
    if is_dark { "dark" } else { "light" }
}

/// Takes the page's picture on both screens in both themes, and prints it.
async fn picture(browser: &Browser, name: &str) {
    let Some(folder) = std::env::var_os(PICTURES).map(PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).expect("a folder");
    let bytes = |base64: &Value| {
        let text = base64.as_str().expect("a picture");
        base64::engine::general_purpose::STANDARD.decode(text).expect("base 64")
    };
    let printed = browser.command("Page.printToPDF", json!({ "paperWidth": 8.27, "paperHeight": 11.69 })).await;
    std::fs::write(folder.join(format!("{name}.pdf")), bytes(&printed["data"])).expect("it is written");
    for (screen, setup) in [("phone", PHONE), ("desktop", DESK)] {
        for dark in [false, true] {
            browser.look_as(Setup { dark, ..setup }).await;
            let size = browser.command("Page.getLayoutMetrics", json!({})).await;
            let height = size["cssContentSize"]["height"].as_f64().expect("a height");
            let clip = json!({ "x": 0, "y": 0, "width": setup.width, "height": height, "scale": 1 });
            let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
            let taken = browser.command("Page.captureScreenshot", wanted).await;
            let file = folder.join(format!("{name}-{screen}-{}.png", theme(dark)));
            std::fs::write(&file, bytes(&taken["data"])).expect("it is written");
        }
    }
}
