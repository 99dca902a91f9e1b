"""Items on a cluster of `dask.distributed`: the client next to conc, and what runs on workers."""
