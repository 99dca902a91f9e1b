//! The memory that Slurm has given to the job on this node. Not every cluster makes a control group of it: some kill what
//! exceeds it, some only rely on it when they place other jobs.

/// The node on which a step of a job runs. Shells that wait for a job elsewhere have the other variables too.
const NODE: &str = "SLURMD_NODENAME";

/// Returns the bytes that the job may use on this node; `None` outside of a job, or if it has all of the node.
pub(crate) fn limit() -> Option<u64> {
    of(|name| std::env::var(name).ok())
}

/// Reads what Slurm tells a job, in MiB for the whole node or for each of its CPUs.
fn of(variable: impl Fn(&str) -> Option<String>) -> Option<u64> {
    variable(NODE)?;
    let number = |name: &str| variable(name)?.parse::<u64>().ok().filter(|number| *number > 0);
    let cpus = || number("SLURM_CPUS_ON_NODE").or_else(|| number("SLURM_CPUS_PER_TASK")).unwrap_or(1);
    let for_cpus = || number("SLURM_MEM_PER_CPU")?.checked_mul(cpus());
    number("SLURM_MEM_PER_NODE").or_else(for_cpus)?.checked_mul(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit_of(variables: &[(&str, &str)]) -> Option<u64> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        of(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_memory_of_a_job_is_that_of_the_node_or_of_its_cpus() {
        let node = (NODE, "n1");
        assert_eq!(limit_of(&[node, ("SLURM_MEM_PER_NODE", "2000")]), Some(2_000 << 20));
        let per_cpu = [node, ("SLURM_MEM_PER_CPU", "500"), ("SLURM_CPUS_ON_NODE", "4")];
        assert_eq!(limit_of(&per_cpu), Some(2_000 << 20));
        let per_task = [node, ("SLURM_MEM_PER_CPU", "500"), ("SLURM_CPUS_PER_TASK", "2")];
        assert_eq!(limit_of(&per_task), Some(1_000 << 20));
        assert_eq!(limit_of(&[node, ("SLURM_MEM_PER_CPU", "500")]), Some(500 << 20));
    }

    #[test]
    fn no_memory_is_given_outside_of_a_job_or_with_all_of_a_node() {
        assert_eq!(limit_of(&[("SLURM_MEM_PER_NODE", "2000")]), None, "the shell of salloc");
        let node = (NODE, "n1");
        assert_eq!(limit_of(&[node]), None);
        assert_eq!(limit_of(&[node, ("SLURM_MEM_PER_NODE", "0")]), None, "--mem=0");
        assert_eq!(limit_of(&[node, ("SLURM_MEM_PER_NODE", "much")]), None);
        assert_eq!(limit_of(&[node, ("SLURM_MEM_PER_NODE", "18446744073709551615")]), None);
    }
}
