// expect: timeout or memory_limit or error
// limits: {"time_ms": 400, "memory_mb": 96}
// Code that writes code.
let code = "1";
for (;;) { eval(code); code += ";" + code; new Function(code); }
