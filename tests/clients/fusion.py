# SandboxFusion's client from PyPI, through everything it can do with a sandbox. The first argument is the server.
import asyncio
import base64
import sys

from sandbox_fusion import (
    CommandRunStatus,
    RunCodeRequest,
    RunJupyterRequest,
    RunStatus,
    SummaryMapping,
    run_code,
    run_code_async,
    run_concurrent,
    run_jupyter,
    run_jupyter_async,
    set_endpoint,
    summary_run_code_result,
)

server = sys.argv[1]
set_endpoint(server)

ran = run_code(RunCodeRequest(code="print(input())", language="python", stdin="in\n"))
assert (ran.status, ran.run_result.stdout) == (RunStatus.Success, "in\n"), ran
files = {"in.txt": base64.b64encode(b"inside").decode()}
code = "open('out.txt', 'w').write(open('in.txt').read().upper())"
ran = run_code(RunCodeRequest(code=code, language="python", files=files, fetch_files=["out.txt"]), endpoint=server + "/fusion")
assert base64.b64decode(ran.files["out.txt"]) == b"INSIDE", ran

mapping = SummaryMapping(Success="well", Failed="failed", RunFailed="run failed", RunTimeout="run timeout")
for code, said in [("1", "well"), ("1 / 0", "run failed"), ("while True: pass", "run timeout")]:
    ran = run_code(RunCodeRequest(code=code, language="python", run_timeout=0.5))
    assert summary_run_code_result(ran, mapping) == said, (code, ran)
assert ran.run_result.status == CommandRunStatus.TimeLimitExceeded

requests = [RunCodeRequest(code=f"console.log({number})", language="nodejs") for number in range(20)]
results = run_concurrent(run_code, args=[[request] for request in requests])
assert [ran.run_result.stdout for ran in results] == [f"{number}\n" for number in range(20)]

notebook = RunJupyterRequest(cells=["a = 40", "print(a)\na + 2", "1 / 0"], total_timeout=10)
ran = run_jupyter(notebook)
assert ran.status == RunStatus.Success and ran.driver.status == CommandRunStatus.Finished, ran
assert ran.cells[1].stdout == "40\n" and ran.cells[1].display == [{"text/plain": "42"}], ran
assert ran.cells[2].error[0]["ename"] == "ZeroDivisionError", ran


async def again():
    ran = await run_code_async(RunCodeRequest(code="print(6 * 7)", language="python"))
    assert ran.run_result.stdout == "42\n", ran
    ran = await run_jupyter_async(notebook)
    assert len(ran.cells) == 3, ran


asyncio.run(again())

try:
    run_code(RunCodeRequest(code="1", language="rust"), max_attempts=1)
    raise SystemExit("a language that is not here was run")
except Exception as fault:
    assert "422" in str(fault), fault
