//! The table of kernels.

use crate::workload::spec::Kernel;
use crate::workload::step::cpu::iterate::Iterate;
use crate::workload::step::cpu::{compress, html_parse, json_parse, matmul, memory, primes, sha256, sort};

/// Returns the kernel with its data, which is made at the first call and then kept by the process.
pub(super) fn kernel(kernel: Kernel) -> &'static dyn Iterate {
    match kernel {
        Kernel::Sha256 => &sha256::Sha256,
        Kernel::Sort => &*sort::SORT,
        Kernel::Primes => &*primes::PRIMES,
        Kernel::Matmul => &*matmul::MATMUL,
        Kernel::Compress => &*compress::COMPRESS,
        Kernel::JsonParse => &*json_parse::JSON_PARSE,
        Kernel::HtmlParse => &*html_parse::HTML_PARSE,
        Kernel::Memory => &*memory::MEMORY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_gives_the_same_again_and_on_another_thread() {
        for name in Kernel::ALL {
            let run = move || kernel(name).repeat(42, 3);
            let here = run();
            assert_eq!(here, run(), "{name:?} again");
            assert_eq!(here, std::thread::spawn(run).join().unwrap(), "{name:?} on another thread");
        }
    }

    #[test]
    fn every_kernel_depends_on_its_input_and_on_each_iteration() {
        for name in Kernel::ALL {
            let kernel = kernel(name);
            assert_ne!(kernel.iterate(1), kernel.iterate(2), "{name:?}");
            assert_eq!(kernel.repeat(1, 2), kernel.iterate(kernel.iterate(1)), "{name:?}");
            assert_ne!(kernel.repeat(1, 2), kernel.repeat(1, 1), "{name:?}");
        }
    }
}
