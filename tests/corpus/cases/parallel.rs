//! Programs that compute in parallel and poll where they wait for one another: OpenMP, MPI.

use conc::internal::PollingCause;

use super::CPU;
use crate::case::{Case, case, process};

pub(super) fn all() -> Vec<Case> {
    vec![
        case("libgomp, balanced", CPU, &[], &["build/openmp-gcc", "100"]),
        case("libgomp, a barrier", CPU, &[], &["build/openmp-gcc", "10"]).polls(PollingCause::OpenMp),
        case("clang OpenMP, balanced", CPU, &[], &["build/openmp-clang", "100"]),
        case("clang OpenMP, a barrier", CPU, &[], &["build/openmp-clang", "10"]).polls(PollingCause::OpenMp),
        process("Open MPI, computing", CPU, &[], MPI_COMPUTING, &["mpirun", "build/mpi"]),
        process("Open MPI, receiving", CPU, &[], MPI_SLEEPING, &["mpirun", "build/mpi"])
            .polls(PollingCause::Mpi),
    ]
}

const MPI_COMPUTING: &str = "mpirun --oversubscribe -n 2 build/mpi compute > state/ready & \
    until [ -s state/ready ]; do sleep 0.05; done; echo $!; wait";

const MPI_SLEEPING: &str = "mpirun --oversubscribe -n 2 build/mpi sleep > state/ready & \
    until [ -s state/ready ]; do sleep 0.05; done; echo $!; wait";
