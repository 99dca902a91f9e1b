//! Programs of the corpus that are built from source.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The configuration of nginx; `PORT` is that of the slow server, `FREE` is its own.
pub(crate) const NGINX: &str = include_str!("programs/nginx.conf");

/// The files that the compilers read.
const SOURCES: [(&str, &str); 4] = [
    ("openmp.c", include_str!("programs/openmp.c")),
    ("mpi.c", include_str!("programs/mpi.c")),
    ("Work.java", include_str!("programs/Work.java")),
    ("work.go", include_str!("programs/work.go")),
];

/// The compilers with their arguments.
const COMPILERS: [(&str, &[&str]); 5] = [
    ("gcc", &["-O1", "-fopenmp", "openmp.c", "-o", "openmp-gcc"]),
    ("clang", &["-O1", "-fopenmp", "openmp.c", "-o", "openmp-clang"]),
    ("mpicc", &["-O1", "mpi.c", "-o", "mpi"]),
    ("javac", &["Work.java"]),
    ("go", &["build", "-o", "work-go", "work.go"]),
];

/// Builds what the compilers of this machine can build, in `folder`.
pub(crate) fn programs(folder: &Path) {
    fs::create_dir(folder).unwrap();
    for (name, text) in SOURCES {
        fs::write(folder.join(name), text).unwrap();
    }
    for (compiler, arguments) in COMPILERS {
        // Without the compiler or one of its libraries there is no program, and its cases are skipped.
        let _ = Command::new(compiler)
            .args(arguments)
            .current_dir(folder)
            .env("GOCACHE", folder.join("cache"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}
