//! The async form of steps that have none of their own: another thread does the blocking one.

use crate::diagnostics::Code;
use crate::error::Error;

/// Runs `work` on the blocking pool of the current runtime.
///
/// Dropping the future does not stop work that has begun: what it produces is dropped where it ends.
pub(super) async fn offload<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::new(Code::AsyncCancelled, "the runtime was shut down")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn results_come_back_from_another_thread() {
        let here = std::thread::current().id();
        assert_ne!(offload(|| Ok(std::thread::current().id())).await, Ok(here));
        let failed = offload::<()>(|| Err(Error::timed_out())).await;
        assert_eq!(failed, Err(Error::timed_out()));
    }

    #[tokio::test]
    #[should_panic(expected = "as it should")]
    async fn a_panic_stays_a_panic() {
        let _ = offload::<()>(|| panic!("as it should")).await;
    }
}
