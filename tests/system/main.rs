//! Parts of the library that start programs or use a CPU, each on its own.

mod children;
mod commands;
mod computing;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(target_os = "linux")]
mod sampling;
mod shell;
