// What is read or written before its declaration was reached throws, wherever that is found out.
const told = [];
function attempt(name, body) {
  try {
    told.push(`${name}: ${body()}`);
  } catch (error) {
    told.push(`${name}: ${error.name}: ${error.message}`);
  }
}

attempt("straight", () => { const seen = []; let a = 1; seen.push(a); a += 2; a++; seen.push(a); return seen; });
attempt("before", () => { b; let b = 1; });
attempt("written before", () => { b = 3; let b = 1; });
attempt("typeof", () => { typeof b; let b = 1; });
attempt("its own initialiser", () => { let b = b + 1; });
attempt("after a catch", () => {
  try { c = 1; } catch (error) { void error; }
  let c = 2;
  return c;
});
attempt("thrown past", () => {
  let where = "none";
  try {
    { throw new Error("x"); let d = 1; d; }
  } catch { where = "caught"; }
  return where;
});
attempt("the catch does not know", () => {
  const read = () => e;
  try { read(); } catch (error) { return error.message; } finally { void 0; }
  let e = 1;
  return e;
});
attempt("finally", () => {
  const seen = [];
  for (let i = 0; i < 3; i++) {
    try { if (i === 1) continue; seen.push(i); } finally { let f = i * 10; seen.push(f); f = 0; }
  }
  return seen;
});
attempt("a case that was jumped over", () => {
  const look = (n) => { switch (n) { case 0: let g = 5; return g; case 1: return g; default: g = 7; return g; } };
  const seen = [look(0)];
  for (const n of [1, 2]) try { seen.push(look(n)); } catch (error) { seen.push(error.name); }
  return seen;
});
attempt("each time round", () => {
  const seen = [];
  for (let i = 0; i < 3; i++) {
    try { seen.push(h); } catch (error) { seen.push(error.name); }
    let h = i;
    seen.push(h);
  }
  return seen;
});
attempt("round and round", () => {
  let n = 0, seen = "";
  outer: for (;;) {
    for (let i = 0; ; i++) {
      if (i === 2) { n++; if (n === 3) break outer; continue outer; }
      let k = n * 10 + i; seen += k + " "; k++;
    }
  }
  return seen;
});
attempt("do", () => { let i = 3, seen = []; do { let l = i; seen.push(l); } while (--i > 0); return seen; });
attempt("only on one way", () => {
  const seen = [];
  for (const way of [true, false]) {
    const read = () => m;
    try { if (way) { seen.push(read()); } else { seen.push("no"); } } catch (error) { seen.push(error.name); }
    let m = 1;
    seen.push(read() + m);
  }
  return seen;
});
attempt("the object of a loop", () => { for (const o of [o]) void o; });
attempt("a later parameter", () => ((a = b, b = 1) => a)());
attempt("an earlier parameter", () => ((a = 1, b = a + 1) => b)());
attempt("taken apart", () => { const { a = b, b } = { b: 1 }; return a; });
attempt("taken apart in order", () => { const { a = 1, b = a } = {}; return a + b; });
attempt("class before", () => { new P(); class P {} });
attempt("class in itself", () => { class P { static a = P.name; static b() { return P; } } return P.a + (P.b() === P); });
attempt("class that extends itself", () => { class P extends P {} });
attempt("this before super", () => { class A {} class B extends A { constructor() { this.a = 1; super(); } } new B(); });
attempt("this after super", () => { class A {} class B extends A { constructor() { super(); this.a = 1; } } return new B().a; });
attempt("super twice", () => { class A {} class B extends A { constructor() { super(); super(); } } new B(); });
attempt("constant", () => { const q = 1; q++; });
attempt("called before and after", () => {
  const seen = [];
  function read() { r; return r + r; }
  try { read(); } catch (error) { seen.push(error.name); }
  let r = 4;
  seen.push(read());
  r = 5;
  seen.push(read());
  return seen;
});
attempt("written from within", () => {
  const write = () => { s++; s += 2; return s; };
  try { write(); } catch (error) { told.push(error.message); }
  let s = 1;
  return [write(), s];
});
attempt("one for each round", () => {
  const all = [];
  for (let i = 0; i < 3; i++) { let t = i; all.push(() => (t += i)); }
  return all.map((one) => one() + one());
});
attempt("generator", () => {
  function* numbers() { let u = 1; while (true) { const back = yield u; u = back ?? u + 1; let v = u; v++; } }
  const it = numbers();
  return [it.next().value, it.next().value, it.next(10).value, it.return(3).value];
});
attempt("with eval", () => { let w = 1; eval("w++"); return w; });
attempt("eval before", () => { eval("x"); let x = 1; });
attempt("many", () => {
  const names = Array.from({ length: 300 }, (_, i) => `v${i}`);
  const body = names.map((name, i) => `let ${name} = ${i ? names[i - 1] : 0} + 1; if (${name} > 1000) ${name}++;`).join("\n");
  return new Function(`${body}\nreturn v299;`)();
});

let top = 0;
function count() { top++; return top; }
count();
(async () => {
  let y = await Promise.resolve(1);
  for (let i = 0; i < 3; i++) { let z = await y; y = z + i; }
  told.push(`async: ${y}`, `top: ${count()}`);
  console.log(told.join("\n"));
})();
