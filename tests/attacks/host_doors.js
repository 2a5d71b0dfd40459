// expect: success
// holds: done
// What Node has to reach out: none of it is there, and asking does no harm.
const attempts = {
    process: () => require("child_process").execSync("id"), spawn: () => require("child_process").spawn("id"),
    net: () => require("net").connect(22, "127.0.0.1"), http: () => require("http").get("http://127.0.0.1/"), listen: () => require("net").createServer().listen(8080),
    dns: () => require("dns").lookupSync("localhost"), worker: () => new (require("worker_threads").Worker)("1", { eval: true }),
    cluster: () => require("cluster").fork(), passwd: () => require("fs").readFileSync("/etc/passwd"), up: () => require("fs").readFileSync("../../../../etc/passwd"),
    proc: () => require("fs").readdirSync("/proc"), wasm: () => new WebAssembly.Memory({ initial: 65536 }), addon: () => process.dlopen({ exports: {} }, "/x.node"),
    binding: () => process.binding("spawn_sync").spawn({}), module: () => require("/etc/passwd"), udp: () => require("dgram").createSocket("udp4").bind(53),
    std: () => require("std"), qjs: () => require("qjs:os").exec(["id"]), mount: () => require("fs").writeFileSync("/dev/mem", "x"),
};
for (const [name, attempt] of Object.entries(attempts)) {
    try { attempt(); console.log("WORKED", name); } catch { }
}
(async () => {
    for (const name of ["std", "os", "qjs:std", "qjs:os", "bjson", "node:child_process?x", "file:///etc/passwd", "data:text/javascript,1", "http://127.0.0.1/x.js"]) {
        try { const found = await import(name); if (found.exec || found.open || found.popen) console.log("WORKED", name); } catch { }
    }
    console.log("done");
})();
