//! The report of a day, as JSON, CSV and HTML.
