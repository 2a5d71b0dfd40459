const s = "aÿbÃ(cðŸ˜€";
console.log(s, s.length, [...s].map((c) => c.codePointAt(0).toString(16)).join(" "));
