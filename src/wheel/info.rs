//! WHEEL and entry_points.txt.
