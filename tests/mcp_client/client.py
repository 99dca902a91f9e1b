"""`conc mcp` as the official Python client sees it.

    python client.py CONC DIRECTORY

Lists the tools, calls each of them, with progress, cancels one in the middle, sends bad arguments, calls two
at once, and ends the input in the middle of a call. Prints a line for each step.
"""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import sys
from typing import Any

from mcp.client.stdio import StdioServerParameters

import mcp

TASKS = """
import time

items = range(40)

def fetch(item):
    time.sleep(0.01)
    return item
"""


def said(step: str, what: object) -> None:
    """Prints what was seen."""
    print(f"{step}: {what}", flush=True)


def text(result: Any) -> str:
    """Returns the text of a result."""
    return "\n".join(block.text for block in result.content)


def running(word: str) -> list[int]:
    """Returns the processes of this user that have a word of their own on their command line."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except (OSError, NotADirectoryError):
            continue
        if entry.name.isdigit() and int(entry.name) != os.getpid() and word.encode() in words:
            found.append(int(entry.name))
    return found


async def until(condition: Any) -> None:
    """Waits until a condition holds; the caller bounds the time of the whole program."""
    while not condition():
        await asyncio.sleep(0.02)


async def lists(client: mcp.Client) -> None:
    """The list of tools, with their schemas."""
    tools = (await client.list_tools()).tools
    names = [tool.name for tool in tools]
    assert names == ["explain", "profile", "advise", "check", "fit"], names
    assert all(tool.input_schema["type"] == "object" for tool in tools)
    assert all(tool.output_schema for tool in tools)
    size = sum(len(json.dumps(tool.model_dump(mode="json"))) for tool in tools)
    said("list", f"{', '.join(names)} ({size // 1024} KiB)")


async def calls(client: mcp.Client, module: str) -> None:
    """One call of each tool; the client checks the documents against the schemas."""
    explained = await client.call_tool("explain", {"query": "E-ASYNC-002"})
    assert "coroutine not awaited" in text(explained), explained
    question = {"query": "why is my asyncio code slow", "pattern": "async"}
    answered = await client.call_tool("explain", question)
    assert answered.structured_content["topics"], answered
    said("explain", text(answered).splitlines()[0])
    seen: list[tuple[float, float | None, str | None]] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        seen.append((done, total, message))

    work = {"workload": module, "budget": "1s"}
    advised = await client.call_tool("advise", work, progress_callback=progress)
    assert not advised.is_error, text(advised)
    document = advised.structured_content
    assert document["command"] == "advise" and document["workload"]["runtime"] == "python", document
    assert document["recommendation"]["strategy"], document["recommendation"]
    assert len(seen) >= 3, seen
    times = [done for done, _, _ in seen]
    assert times == sorted(times), seen
    said("advise", f"{document['recommendation']['strategy']} {document['recommendation']['width']}")
    said("progress", f"{len(seen)} notifications, such as {seen[-1][2]!r}")
    rounds = {"runs": 2, "exhaustive": True, "width": "2", "strategy": ["async", "threads"]}
    counted = await client.call_tool("advise", {"wait": "5ms", "tasks": 8} | rounds)
    tasks = {cell["strategy"]: cell["tasks"]["ok"] for cell in counted.structured_content["cells"]}
    assert tasks["async"] == tasks["threads"] == 16, tasks
    profiled = await client.call_tool("profile", {"workload": module})
    assert profiled.structured_content["profile"]["class"] == "io-bound", text(profiled)
    checked = await client.call_tool("check", {"callable": module, "tasks": 4})
    assert checked.structured_content["command"] == "check", text(checked)
    fitted = await client.call_tool("fit", {"data": "1,100\n2,190\n4,350\n8,600\n16,900\n32,1000\n"})
    assert fitted.structured_content["model"]["usl"]["status"] == "fitted", text(fitted)
    said("answers", "profile, check and fit keep to their schemas")


async def cancels(client: mcp.Client) -> None:
    """A call that is cancelled in the middle."""
    call = asyncio.create_task(client.call_tool("profile", {"command": ["sleep", "621"]}))
    await until(lambda: running("621"))
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await until(lambda: not running("621"))
    said("cancel", "nothing of the call runs any more")


async def refuses(client: mcp.Client) -> None:
    """Bad arguments, as errors of the tool."""
    for arguments in [{"budgte": "1s"}, {"workload": "nowhere.toml"}, {"workload": "x", "budget": "9h"}]:
        refused = await client.call_tool("advise", arguments)
        assert refused.is_error, refused
        said("refusal", text(refused).splitlines()[0])


async def queues(client: mcp.Client) -> None:
    """Two calls at once: they measure one after the other."""
    waited: list[str | None] = []

    async def progress(_done: float, _total: float | None, message: str | None) -> None:
        waited.append(message)

    first = asyncio.create_task(client.call_tool("profile", {"command": ["sleep", "0.623"]}))
    await until(lambda: running("0.623"))
    second = client.call_tool("profile", {"command": ["sleep", "0.01"]}, progress_callback=progress)
    results = await asyncio.gather(first, second)
    assert not any(result.is_error for result in results), results
    assert any("waiting" in (message or "") for message in waited), waited
    said("two at once", f"the second said {waited[0]!r}")


async def ends(server: StdioServerParameters) -> None:
    """The end of input in the middle of a call."""
    async with mcp.Client(server) as client:
        call = asyncio.create_task(client.call_tool("profile", {"command": ["sleep", "624"]}))
        await until(lambda: running("624"))
    await asyncio.gather(call, return_exceptions=True)
    await until(lambda: not running("624"))
    said("end of input", "the server and the call are gone")


async def main() -> None:
    """Goes through everything."""
    conc, directory = sys.argv[1:]
    module = pathlib.Path(directory) / "tasks.py"
    module.write_text(TASKS)
    environment = {name: os.environ[name] for name in ("TMPDIR", "XDG_CACHE_HOME") if name in os.environ}
    server = StdioServerParameters(command=conc, args=["mcp"], cwd=directory, env=environment)
    async with mcp.Client(server) as client:
        said(
            "connected", f"{client.server_info.name} {client.server_info.version}, {client.protocol_version}"
        )
        await lists(client)
        await calls(client, f"{module.name}:fetch")
        await cancels(client)
        await refuses(client)
        await queues(client)
    await ends(server)


if __name__ == "__main__":
    # A test that hangs is a failure; the limit is far beyond what it takes on a busy machine.
    asyncio.run(asyncio.wait_for(main(), 300))
