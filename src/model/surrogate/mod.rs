//! A Gaussian process on ln throughput: what batches of a few configurations say about all of them.
//!
//! Its prior mean is the prediction of the queueing model. Its kernel describes how predictions err: all
//! together, smoothly along the width, per strategy, and each configuration on its own. A batch is the value
//! of its configuration, plus the drift of the machine (an Ornstein–Uhlenbeck process in time), plus noise.
//! The scale of the errors, the noise, the drift and a ceiling that no prediction knows of are estimated from
//! the batches by marginal likelihood (empirical Bayes; Rasmussen and Williams, *Gaussian Processes for Machine
//! Learning*, 2006, sections 2.2 and 5.4).

pub(crate) mod belief;
pub(crate) mod fit;
pub(crate) mod hyperparameters;
pub(crate) mod params;
pub(crate) mod point;

pub(crate) use belief::Belief;
pub(crate) use hyperparameters::Hyperparameters;
pub(crate) use params::SurrogateParams;
pub(crate) use point::{Observation, SurrogatePoint};
