//! What was compiled, remembered by content: times alone are not trusted.
