//! Takes things with sizes, and things in things. Gives a rectangle for each whose area is its share: a squarified treemap.
//!
//! <https://vanwijk.win.tue.nl/stm.pdf>

/// A thing that takes space.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// Its name among its like.
    pub name: String,
    /// Its size; of a thing with things in it, theirs together.
    pub size: u64,
    /// What kind of thing it is, as a word for style sheets.
    pub kind: &'static str,
    /// More to say about it.
    pub note: String,
    /// What it is made of.
    pub children: Vec<Node>,
}

/// A place on the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rectangle {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// To the right.
    pub width: f64,
    /// Down.
    pub height: f64,
}

/// A thing in its place. Those that others are in come before them.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile<'a> {
    /// The thing.
    pub node: &'a Node,
    /// Its place.
    pub place: Rectangle,
    /// The names of those that it is in, and its own.
    pub path: Vec<&'a str>,
    /// Whether others are shown in it.
    pub is_frame: bool,
}

/// Room for the name of a thing that others are in.
const TITLE: f64 = 18.0;
/// Between a thing and what is in it.
const MARGIN: f64 = 2.0;
/// Nobody sees anything smaller.
const SMALLEST: f64 = 3.0;

/// Lays a thing out.
#[must_use]
pub fn lay_out(node: &Node, place: Rectangle) -> Vec<Tile<'_>> {
    let mut tiles = Vec::new();
    fill(node, place, &mut Vec::new(), &mut tiles);
    tiles
}

fn fill<'a>(node: &'a Node, place: Rectangle, path: &mut Vec<&'a str>, tiles: &mut Vec<Tile<'a>>) {
    if place.width < SMALLEST || place.height < SMALLEST {
        return;
    }
    path.push(&node.name);
    let inside = Rectangle {
        x: place.x + MARGIN,
        y: place.y + TITLE,
        width: place.width - 2.0 * MARGIN,
        height: place.height - TITLE - MARGIN,
    };
    let is_frame = !node.children.is_empty() && inside.width > 12.0 && inside.height > 12.0;
    tiles.push(Tile {
        node,
        place,
        path: path.clone(),
        is_frame,
    });
    if is_frame {
        let mut children: Vec<&Node> = node.children.iter().filter(|child| child.size > 0).collect();
        children.sort_by(|one, two| two.size.cmp(&one.size).then(one.name.cmp(&two.name)));
        let sizes: Vec<f64> = children.iter().map(|child| as_float(child.size)).collect();
        for (child, place) in children.iter().zip(squarified(&sizes, inside)) {
            fill(child, place, path, tiles);
        }
    }
    path.pop();
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what is lost of a size is much less than a point on a screen"
)]
fn as_float(size: u64) -> f64 {
    size as f64
}

/// Rectangles of these sizes, the largest first, that fill a place and are as square as can be.
fn squarified(sizes: &[f64], place: Rectangle) -> Vec<Rectangle> {
    let total: f64 = sizes.iter().sum();
    if total <= 0.0 {
        return Vec::new();
    }
    let scale = place.width * place.height / total;
    let areas: Vec<f64> = sizes.iter().map(|size| size * scale).collect();
    let mut free = place;
    let mut rectangles = Vec::with_capacity(areas.len());
    let mut left = areas.as_slice();
    while !left.is_empty() {
        let side = free.width.min(free.height);
        let mut count = 1;
        while count < left.len() && worst(&left[..=count], side) <= worst(&left[..count], side) {
            count += 1;
        }
        let (row, rest) = left.split_at(count);
        free = row_into(row, free, &mut rectangles);
        left = rest;
    }
    rectangles
}

/// How far from a square the worst rectangle of a row is.
fn worst(row: &[f64], side: f64) -> f64 {
    let sum: f64 = row.iter().sum();
    let thickness = sum / side;
    row.iter().fold(1.0, |worst: f64, area| {
        let length = area / thickness;
        worst.max(length / thickness).max(thickness / length)
    })
}

/// Puts a row along the shorter side; gives what is left.
fn row_into(row: &[f64], free: Rectangle, rectangles: &mut Vec<Rectangle>) -> Rectangle {
    let sum: f64 = row.iter().sum();
    let is_wide = free.width >= free.height;
    let side = if is_wide { free.height } else { free.width };
    let thickness = sum / side;
    let mut at = 0.0;
    for area in row {
        let length = area / thickness;
        rectangles.push(if is_wide {
            Rectangle {
                x: free.x,
                y: free.y + at,
                width: thickness,
                height: length,
            }
        } else {
            Rectangle {
                x: free.x + at,
                y: free.y,
                width: length,
                height: thickness,
            }
        });
        at += length;
    }
    if is_wide {
        Rectangle {
            x: free.x + thickness,
            width: free.width - thickness,
            ..free
        }
    } else {
        Rectangle {
            y: free.y + thickness,
            height: free.height - thickness,
            ..free
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Rectangle = Rectangle {
        x: 0.0,
        y: 0.0,
        width: 600.0,
        height: 400.0,
    };

    #[test]
    fn areas_are_shares_and_nothing_overlaps_or_leads_out() {
        let sizes = [600.0, 600.0, 400.0, 300.0, 200.0, 200.0, 100.0];
        let placed = squarified(&sizes, PLACE);
        assert_eq!(placed.len(), sizes.len());
        for (size, one) in sizes.iter().zip(&placed) {
            assert!((one.width * one.height - size * 100.0).abs() < 1e-6, "{one:?}");
            assert!(one.x >= -1e-9 && one.y >= -1e-9);
            assert!(one.x + one.width <= 600.0 + 1e-6 && one.y + one.height <= 400.0 + 1e-6);
        }
        for (index, one) in placed.iter().enumerate() {
            for two in &placed[index + 1..] {
                let apart = one.x + one.width <= two.x + 1e-6
                    || two.x + two.width <= one.x + 1e-6
                    || one.y + one.height <= two.y + 1e-6
                    || two.y + two.height <= one.y + 1e-6;
                assert!(apart, "{one:?} {two:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_seen_is_left_out_and_nothing_is_no_error() {
        let leaf = |name: &str, size| Node {
            name: name.to_owned(),
            size,
            ..Node::default()
        };
        let whole = Node {
            name: "wheel".to_owned(),
            size: 1_000_000_001,
            children: vec![leaf("large", 1_000_000_000), leaf("dust", 1), leaf("empty", 0)],
            ..Node::default()
        };
        let tiles = lay_out(&whole, PLACE);
        let paths: Vec<Vec<&str>> = tiles.iter().map(|tile| tile.path.clone()).collect();
        assert_eq!(paths, [vec!["wheel"], vec!["wheel", "large"]]);
        assert!(tiles[0].is_frame && !tiles[1].is_frame);
        assert!(squarified(&[], PLACE).is_empty());
        assert!(squarified(&[0.0], PLACE).is_empty());
    }
}
