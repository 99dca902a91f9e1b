//! Servers that run already: nginx, redis, PostgreSQL.

use super::{CPU, DISK, IO, OF_CLIENTS};
use crate::case::{Case, LONGER, case, process};

pub(super) fn all() -> Vec<Case> {
    [nginx(), redis(), postgres()].into_iter().flatten().collect()
}

fn nginx() -> Vec<Case> {
    let programs = &["nginx", "curl"];
    vec![
        process("nginx, compressing", CPU, &[], NGINX_BUSY, programs),
        process("nginx, slow upstream", IO, &["network"], NGINX_PROXY, programs)
            .may_hide(OF_CLIENTS)
            .lasts(LONGER),
    ]
}

fn redis() -> Vec<Case> {
    let programs = &["redis-server", "redis-cli", "redis-benchmark"];
    vec![
        process("redis, scripts", CPU, &[], REDIS_BUSY, programs),
        process("redis-cli, an empty list", IO, &["network"], REDIS_CLIENT, programs)
            .may_hide(OF_CLIENTS)
            .quiet(),
    ]
}

fn postgres() -> Vec<Case> {
    let programs = &["psql", "postgres/ready"];
    vec![
        process("postgres, a query", CPU, &[], POSTGRES_BUSY, programs),
        process("postgres, commits", DISK, &["disk"], POSTGRES_COMMITS, programs),
        process("postgres, pg_sleep", IO, &["sleep"], POSTGRES_SLEEP, programs),
        case("psql, pg_sleep", IO, &["network"], &["psql", "-c", "SELECT pg_sleep(5)"])
            .needs(programs)
            .may_hide(OF_CLIENTS)
            .lasts(LONGER)
            .quiet(),
    ]
}

const NGINX_BUSY: &str = "nginx -p $PWD -c state/nginx.conf -g 'daemon off;' 2> /dev/null & \
    get() { curl -s -H 'Accept-Encoding: gzip' http://127.0.0.1:FREE/$1 -o /dev/null; }; \
    until get; do sleep 0.05; done; \
    while :; do get data; done & while :; do get data; done & echo $(cat state/nginx.pid); wait";

const NGINX_PROXY: &str = "nginx -p $PWD -c state/nginx.conf -g 'daemon off;' 2> /dev/null & \
    get() { curl -s http://127.0.0.1:FREE/$1 -o /dev/null; }; \
    until get; do sleep 0.05; done; \
    while :; do get page; done & while :; do get page; done & echo $(cat state/nginx.pid); wait";

const REDIS_BUSY: &str = "redis-server --port FREE --save '' > /dev/null & server=$!; \
    until redis-cli -p FREE ping > /dev/null 2>&1; do sleep 0.05; done; \
    redis-benchmark -p FREE -c 8 -n 100000000 \
    eval 'local x = 0 for i = 1, 50000 do x = x + i end return x' 0 > /dev/null & sleep 0.2; echo $server; wait";

const REDIS_CLIENT: &str = "redis-server --port FREE --save '' > /dev/null & \
    until redis-cli -p FREE ping > /dev/null 2>&1; do sleep 0.05; done; \
    redis-cli -p FREE blpop list 0 > /dev/null & echo $!; wait";

/// The first line of the file is the number of the first process of PostgreSQL.
const POSTGRES_BUSY: &str = "psql -c 'SELECT count(*) FROM generate_series(1, 1000000000)' > /dev/null & \
    sleep 0.5; head -n 1 $PGFOLDER/db/postmaster.pid; wait";

const POSTGRES_COMMITS: &str = "psql -q -c 'CREATE TABLE IF NOT EXISTS t (x int)' 2> /dev/null; \
    psql -c 'DO $$ BEGIN LOOP INSERT INTO t VALUES (1); COMMIT; END LOOP; END $$' > /dev/null & \
    sleep 0.5; head -n 1 $PGFOLDER/db/postmaster.pid; wait";

const POSTGRES_SLEEP: &str = "psql -c 'SELECT pg_sleep(4)' > /dev/null & sleep 0.5; \
    psql -A -t -c \"SELECT pid FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(4)'\"; wait";
