//! The fonts that come along: the same letters on every machine.

use std::sync::LazyLock;

use typst::foundations::Bytes;
use typst::text::Font;

/// Source Sans 3 for everything, DejaVu Sans for the scripts that it lacks; licences beside the files.
const BUILT_IN: [&[u8]; 4] = [
    include_bytes!("../../templates/fonts/SourceSans3-Regular.ttf"),
    include_bytes!("../../templates/fonts/SourceSans3-It.ttf"),
    include_bytes!("../../templates/fonts/SourceSans3-Semibold.ttf"),
    include_bytes!("../../templates/fonts/DejaVuSans.ttf"),
];

/// The built-in fonts, read once.
pub static FONTS: LazyLock<Vec<Font>> =
    LazyLock::new(|| BUILT_IN.iter().flat_map(|bytes| Font::iter(Bytes::new(*bytes))).collect());
