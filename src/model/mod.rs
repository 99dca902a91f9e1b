//! What theory predicts.
