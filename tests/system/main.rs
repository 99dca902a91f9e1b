//! Parts of the library that start programs or use a CPU, each on its own.

mod children;
mod commands;
mod computing;
mod shell;
