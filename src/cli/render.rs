//! Events, notices, errors and reports, as words or as JSON. The only place that prints.
