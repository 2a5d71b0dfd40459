# Judge0's clients from PyPI, through everything they can do. The first argument is the server.
import sys

import judge0
import judge0api
from judge0 import Client, Status, Submission
from judge0.base_types import LanguageAlias
from judge0.filesystem import File, Filesystem

server = sys.argv[1]

client = Client(server)
assert client.version == "1.13.1"
assert client.get_language(71).name.startswith("Python"), client.get_language(71)
assert client.is_language_supported(LanguageAlias.PYTHON) and not client.is_language_supported(LanguageAlias.RUST)
assert len(client.get_statuses()) == 14
assert client.config.max_submission_batch_size == 20

code = "name = input()\nprint('hello,', name)"
one = judge0.run(client=client, source_code=code, stdin="Ann é", language=LanguageAlias.PYTHON)
assert (one.status, one.stdout) == (Status.ACCEPTED, "hello, Ann é\n"), one
assert one.time >= 0 and one.wall_time >= 0 and one.memory > 1000 and one.created_at <= one.finished_at, one

cases = [("1", "2\n"), ("2", "4"), ("3", "7")]
submission = Submission(source_code="print(int(input()) * 2)", language=LanguageAlias.PYTHON)
results = judge0.run(client=client, submissions=submission, test_cases=cases)
assert [result.status for result in results] == [Status.ACCEPTED, Status.ACCEPTED, Status.WRONG_ANSWER], results

files = Filesystem(content=[File(name="data.txt", content="inside")])
submission = Submission(
    source_code="import sys\nprint(open('data.txt').read(), sys.argv[1:])",
    language=LanguageAlias.PYTHON,
    additional_files=files,
    command_line_arguments="a b",
)
result = judge0.run(client=client, submissions=submission)
assert result.stdout == "inside ['a', 'b']\n", result

several = [Submission(source_code=f"console.log({number})", language=LanguageAlias.JAVASCRIPT) for number in range(25)]
several = judge0.wait(client=client, submissions=judge0.async_run(client=client, submissions=several))
assert [one.stdout for one in several] == [f"{number}\n" for number in range(25)]

failed = judge0.run(client=client, source_code="raise SystemExit(3)", language=LanguageAlias.PYTHON)
assert (failed.status, failed.exit_code) == (Status.RUNTIME_ERROR_NZEC, 3), failed
slow = Submission(source_code="while True: pass", language=71, cpu_time_limit=0.3)
assert judge0.run(client=client, submissions=slow).status == Status.TIME_LIMIT_EXCEEDED

older = judge0api.Client(server, auth_token="unused")
done = judge0api.submission.submit(older, b"print(input())", 71, stdin=b"in", expected_output=b"in", cpu_time_limit=2)
assert (done.status["id"], done.stdout) == (3, b"in\n"), dict(done)
again = judge0api.submission.get(older, done.token)
assert again.stdout == b"in\n" and again.exit_code == 0
