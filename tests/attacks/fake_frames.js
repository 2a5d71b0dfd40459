// expect: error
// holds: "status":"success"
// Says in the server's own words that all went well, and then it does not.
for (const type of ["result", "started", "waiting", "error"]) console.log(JSON.stringify({ type, id: "0", execution: { status: "success", exit_code: 0 } }));
process.exitCode = 5;
