//! Domain names outside ASCII as DNS writes them (RFC 3492).

const BASE: u32 = 36;
const THRESHOLD_MIN: u32 = 1;
const THRESHOLD_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const FIRST_BIAS: u32 = 72;
const FIRST_CODE: u32 = 0x80;

/// Every label that needs it as `xn--...`.
pub fn to_ascii(name: &str) -> String {
    let labels =
        name.split('.').map(|label| if label.is_ascii() { label.to_owned() } else { format!("xn--{}", encode(label)) });
    labels.collect::<Vec<_>>().join(".")
}

fn encode(label: &str) -> String {
    let codes: Vec<u32> = label.chars().map(u32::from).collect();
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let plain = out.len() as u32;
    if plain > 0 {
        out.push('-');
    }
    let (mut code, mut delta, mut bias, mut done) = (FIRST_CODE, 0, FIRST_BIAS, plain);
    while (done as usize) < codes.len() {
        let next = codes.iter().copied().filter(|one| *one >= code).min().unwrap_or(code);
        delta += (next - code) * (done + 1);
        code = next;
        for one in &codes {
            if *one < code {
                delta += 1;
            }
            if *one == code {
                write_number(delta, bias, &mut out);
                bias = adapt(delta, done + 1, done == plain);
                delta = 0;
                done += 1;
            }
        }
        delta += 1;
        code += 1;
    }
    out
}

fn write_number(mut number: u32, bias: u32, out: &mut String) {
    let mut position = BASE;
    loop {
        let threshold = position.saturating_sub(bias).clamp(THRESHOLD_MIN, THRESHOLD_MAX);
        if number < threshold {
            out.push(digit(number));
            return;
        }
        out.push(digit(threshold + (number - threshold) % (BASE - threshold)));
        number = (number - threshold) / (BASE - threshold);
        position += BASE;
    }
}

/// Letters first, then digits.
fn digit(value: u32) -> char {
    let offset = value as u8;
    char::from(if offset < 26 { b'a' + offset } else { b'0' + offset - 26 })
}

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / points;
    let mut bias = 0;
    while delta > (BASE - THRESHOLD_MIN) * THRESHOLD_MAX / 2 {
        delta /= BASE - THRESHOLD_MIN;
        bias += BASE;
    }
    bias + (BASE - THRESHOLD_MIN + 1) * delta / (delta + SKEW)
}
