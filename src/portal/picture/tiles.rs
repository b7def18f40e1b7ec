//! What runs: a tile for each part.

use askama::Template;

use super::Tone;

/// Pixels of a tile and of what is between.
const WIDTH: i32 = 172;
const HEIGHT: i32 = 40;
const GAP: i32 = 8;
/// Tiles beside one another: they stay readable on a telephone.
const ACROSS: i32 = 2;

/// A part.
#[derive(Debug, Clone)]
pub struct Tile {
    /// What it is called.
    pub label: String,
    /// How it is.
    pub tone: Tone,
}

/// The picture.
#[derive(Template)]
#[template(path = "portal/picture/tiles.svg", escape = "html")]
pub struct Tiles {
    title: String,
    desc: String,
    width: i32,
    height: i32,
    tiles: Vec<Placed>,
}

struct Placed {
    x: i32,
    y: i32,
    label: String,
    tone: Tone,
}

impl Tiles {
    /// Places the tiles.
    pub fn new(title: impl Into<String>, desc: impl Into<String>, tiles: &[Tile]) -> Tiles {
        let place = |(number, tile): (usize, &Tile)| {
            let number = i32::try_from(number).unwrap_or(0);
            Placed {
                x: number % ACROSS * (WIDTH + GAP),
                y: number / ACROSS * (HEIGHT + GAP),
                label: tile.label.clone(),
                tone: tile.tone,
            }
        };
        let rows = (i32::try_from(tiles.len()).unwrap_or(0) + ACROSS - 1) / ACROSS;
        Tiles {
            title: title.into(),
            desc: desc.into(),
            width: ACROSS * (WIDTH + GAP) - GAP,
            height: (rows * (HEIGHT + GAP) - GAP).max(HEIGHT),
            tiles: tiles.iter().enumerate().map(place).collect(),
        }
    }
}
