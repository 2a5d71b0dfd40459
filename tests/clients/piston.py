# Piston's client from PyPI, through everything it can do. The first argument is the server.
import asyncio
import os
import sys

import piston_rspy


async def main():
    client = piston_rspy.Client.with_url(sys.argv[1] + "/api/v2")
    runtimes = await client.fetch_runtimes()
    assert {runtime.language for runtime in runtimes} == {"javascript", "python"}, runtimes
    files = [
        piston_rspy.File(name="main.py", content="import other\nprint(other.x, input(), __import__('sys').argv[1:])"),
        piston_rspy.File(name="other.py", content="eCA9IDc=", encoding="base64"),
    ]
    ran = await client.execute(piston_rspy.Executor(language="python", version="3.x", files=files, stdin="in\n", args=["a"]))
    assert ran.is_ok() and ran.run.is_ok(), ran.run.stderr
    assert ran.run.output == "7 in ['a']\n", ran.run.output
    failed = piston_rspy.Executor(language="py", files=[piston_rspy.File(content="raise SystemExit(4)")])
    ran = await client.execute(failed)
    assert (ran.run.code, ran.run.is_err()) == (4, True)
    unknown = await client.execute(piston_rspy.Executor(language="cobol", files=[piston_rspy.File(content="x")]))
    assert unknown.is_err() and unknown.status == 400, unknown.status


asyncio.run(main())
# The client's threads crash an interpreter that ends in order, one time in ten.
os._exit(0)
