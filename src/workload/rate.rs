//! placeholder
use std::time::Duration;
#[derive(Debug)]
pub struct RateLimiter;
impl RateLimiter {
    pub fn open(_p: &std::path::Path, _r: f64) -> std::io::Result<Self> {
        Ok(RateLimiter)
    }
    pub fn reserve(&self) -> Duration {
        Duration::ZERO
    }
}
