//! Items on a cluster of `dask.distributed`, in chunks.
//!
//! The client is a process of the user's interpreter (`python/cluster_client.rs`). [`dispatch`] sends chunks to
//! it as long as there is room on the workers, [`receive`] takes what comes back, and [`flight`] is what both
//! know.

pub(crate) mod chunk_sizes;
pub(crate) mod dispatch;
pub(crate) mod ended_item;
pub(crate) mod flight;
pub(crate) mod inner_width;
pub(crate) mod receive;
pub(crate) mod run;
