//! How results are told.
