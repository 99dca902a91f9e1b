//! Engines of languages: node, the Java virtual machine, Go, Erlang, Python, Perl.

use super::{CPU, IO, OF_CLIENTS, TIMER};
use crate::case::{Case, LONGER, case, process};

pub(super) fn all() -> Vec<Case> {
    [node(), java(), go(), erlang(), python()].into_iter().flatten().collect()
}

fn node() -> Vec<Case> {
    vec![
        case("node, computing", CPU, &[], &["node", "-e", "let x = 0; while (true) x += Math.sqrt(x + 1)"]),
        case("node, a timer", IO, &["sleep"], &["node", "-e", "setInterval(() => {}, 50)"])
            .lasts(LONGER)
            .quiet(),
        case("node, slow server", IO, &["network"], &["node", "-e", NODE_CLIENT])
            .lasts(LONGER)
            .may_hide(OF_CLIENTS)
            .quiet(),
        case("node, computing child", CPU, &[], &["node", "-e", NODE_CHILD]).needs(&["perl"]),
    ]
}

fn java() -> Vec<Case> {
    let program = &["java", "build/Work.class"];
    vec![
        process("java, computing", CPU, &[], "java -cp build Work compute", program),
        process("java, sleeping", IO, TIMER, "java -cp build Work sleep", program).lasts(LONGER),
        process("java, a lock", IO, &["lock"], "java -cp build Work lock", program).quiet(),
        process("java, slow server", IO, &["network"], "java -cp build Work read PORT", program)
            .may_hide(OF_CLIENTS)
            .lasts(LONGER),
    ]
}

fn go() -> Vec<Case> {
    vec![
        case("go, two goroutines", CPU, &[], &["build/work-go", "compute"]),
        case("go, sleeping", IO, TIMER, &["build/work-go", "sleep"]).quiet(),
        case("go, slow server", IO, &["network"], &["build/work-go", "read", "PORT"])
            .may_hide(OF_CLIENTS)
            .quiet(),
    ]
}

fn erlang() -> Vec<Case> {
    vec![
        process("erlang, computing", CPU, &[], ERLANG_COMPUTING, &["erl"]),
        process("erlang, sleeping", IO, TIMER, ERLANG_SLEEPING, &["erl"]).quiet(),
    ]
}

fn python() -> Vec<Case> {
    let python = |code| ["python3", "-c", code];
    let quiet = vec![
        case("python3, asyncio.sleep", IO, &["sleep"], &python(ASYNCIO_SLEEP)),
        case("python3, Event.wait", IO, TIMER, &python(EVENT_WAIT)),
        case("python3, queue with timeout", IO, TIMER, &python(QUEUE_GET)),
        case("python3, slow server", IO, &["network"], &python(PYTHON_CLIENT)).may_hide(OF_CLIENTS),
        case("python3, signal.pause", IO, &["signal"], &python("import signal; signal.pause()")),
    ];
    let busy = vec![
        case("python3, pool of two", CPU, &[], &python(POOL)),
        case("python3, two threads, GIL", CPU, &[], &python(THREADS)),
        case("python3, asyncio child", CPU, &[], &python(ASYNCIO_CHILD)).needs(&["perl"]).lasts(LONGER),
        case("python3, asyncio spins", CPU, &[], &python(ASYNCIO_SPIN))
            .may_hide(&["memory-stalls", "polling-for-events"]),
    ];
    quiet.into_iter().map(|case| case.lasts(LONGER).quiet()).chain(busy).collect()
}

const NODE_CLIENT: &str = "const http = require('http'); const next = () => \
    http.get('http://127.0.0.1:PORT/stream', (r) => { r.resume(); r.on('end', next) }); next()";

const NODE_CHILD: &str = "const { execFile } = require('child_process'); const next = () => \
    execFile('perl', ['-e', '$x += $_ % 7 for 1..3e6'], next); next()";

const ERLANG_COMPUTING: &str = "erl -noshell -eval 'io:format(\"~n\"), F = fun G(N) -> G(N + 1) end, F(0).' > state/ready & \
    until [ -s state/ready ]; do sleep 0.05; done; echo $!; wait";

const ERLANG_SLEEPING: &str = "erl -noshell -eval 'io:format(\"~n\"), F = fun G() -> timer:sleep(5), G() end, F().' > state/ready & \
    until [ -s state/ready ]; do sleep 0.05; done; echo $!; wait";

const ASYNCIO_SLEEP: &str = "
import asyncio
async def main():
    while True:
        await asyncio.sleep(0.02)
asyncio.run(main())";

const EVENT_WAIT: &str = "
import threading
while True:
    threading.Event().wait(0.5)";

const QUEUE_GET: &str = "
import queue
q = queue.Queue()
while True:
    try:
        q.get(timeout=0.5)
    except queue.Empty:
        pass";

const PYTHON_CLIENT: &str = "
import urllib.request
while True:
    urllib.request.urlopen('http://127.0.0.1:PORT/stream').read()";

const POOL: &str = "
import multiprocessing
def work(n):
    return sum(i % 7 for i in range(200_000))
with multiprocessing.Pool(2) as pool:
    while True:
        pool.map(work, range(20))";

const THREADS: &str = "
import threading
def work():
    while True:
        sum(range(100_000))
threading.Thread(target=work).start()
work()";

const ASYNCIO_CHILD: &str = "
import asyncio
async def main():
    while True:
        child = await asyncio.create_subprocess_exec('perl', '-e', '$x += $_ % 7 for 1..5e6')
        await child.wait()
asyncio.run(main())";

const ASYNCIO_SPIN: &str = "
import asyncio
async def main():
    while True:
        await asyncio.sleep(0)
asyncio.run(main())";
