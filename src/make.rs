//! Whole walks: the only place that strings rooms together.
