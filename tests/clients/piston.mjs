// Piston's clients from npm, through everything they can do. The first argument is the server.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { piston } from 'piston-client';

const { NodePistonClient, PistonClient } = createRequire(import.meta.url)('piston-api-client');
const server = process.argv[2];

const client = piston({ server });
const runtimes = await client.runtimes();
assert.deepEqual(runtimes.map(({ language }) => language), ['javascript', 'python']);
assert.equal((await client.execute('python', 'print(sum(range(5)))')).run.stdout, '10\n');
assert.equal((await client.execute('javascript', 'console.log(process.argv.slice(2))', { args: ['a'] })).run.stdout, "[ 'a' ]\n");
const more = { language: 'python', version: '3.x', files: [{ name: 'm.py', content: 'print(input())' }], stdin: 'in\n', runTimeout: 2000 };
assert.equal((await client.execute(more)).run.output, 'in\n');
assert.equal((await client.execute('python', 'while True: pass', { runTimeout: 200 })).run.signal, 'SIGKILL');
assert.match((await client.execute('python', '1', { runTimeout: 1e9 })).message, /^run_timeout cannot exceed the configured limit of \d+$/);

for (const Client of [PistonClient, NodePistonClient]) {
    const client = new Client({ server });
    const { success, data } = await client.runtimes();
    assert.ok(success && data.some(({ aliases }) => aliases.includes('py')));
    const request = { language: 'node-js', version: '*', files: [{ content: 'console.log(1 + 1)' }], args: ['Hello'] };
    const ran = await client.execute(request);
    assert.ok(ran.success);
    assert.equal(ran.data.run.stdout, '2\n');
    assert.equal(ran.data.language, 'javascript');
}
process.exit(0); // A client keeps a timer of a day.
