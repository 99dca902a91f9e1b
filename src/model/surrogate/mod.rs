//! A Gaussian process on ln throughput: what batches of a few configurations say about all of them.
//!
//! Its prior mean is the prediction of the queueing model. Its kernel describes how predictions err: all
//! together, smoothly along the width, per strategy, and each configuration on its own. A batch is the value
//! of its configuration, plus the drift of the machine (an Ornstein–Uhlenbeck process in time), plus noise.
//! The scale of the errors, the noise, the drift and a ceiling that no prediction knows of are read off the
//! batches by marginal likelihood (empirical Bayes; Rasmussen and Williams, *Gaussian Processes for Machine
//! Learning*, 2006, sections 2.2 and 5.4).

pub mod belief;
pub mod fit;
pub mod hyperparameters;
pub mod params;
pub mod point;

pub use belief::Belief;
pub use hyperparameters::Hyperparameters;
pub use params::SurrogateParams;
pub use point::{Observation, SurrogatePoint};
