// expect: timeout or error
// limits: {"time_ms": 400}
// Objects whose every question takes for ever.
const handler = new Proxy({}, { get: () => (target, ...rest) => { for (;;) Reflect.ownKeys(rest); } });
JSON.stringify(new Proxy({}, handler));
