// JSON: a document written and read again.
const make = (depth) => depth === 0
  ? { id: depth, name: "leaf \u00e9 \"x\"", values: [1, 2.5, -3e10, null, true], tags: ["a", "b"] }
  : { id: depth, left: make(depth - 1), right: make(depth - 1), text: "x".repeat(depth) };
const value = make(9);
let length = 0;
let sum = 0;
for (let round = 0; round < 140; round++) {
  const text = JSON.stringify(value);
  length += text.length;
  const back = JSON.parse(text);
  let node = back;
  while (node.left) node = node.left;
  sum += node.values[1] + back.id;
}
console.log(length, sum);
