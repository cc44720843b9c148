//! Python files that are generated beside an extension.
