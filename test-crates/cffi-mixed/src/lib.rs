//! A library for everybody who speaks C.

/// A point of the plane.
#[repr(C)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// How far a point lies from the origin, by the streets of a city.
#[unsafe(no_mangle)]
pub extern "C" fn distance(point: Point) -> f64 {
    point.x.abs() + point.y.abs()
}

/// The sum of two numbers.
#[unsafe(no_mangle)]
pub extern "C" fn add(one: i32, other: i32) -> i32 {
    one.wrapping_add(other)
}
