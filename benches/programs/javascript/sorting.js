// Sorting: numbers, objects by a key, strings, and one of our own.
let state = 7;
const random = () => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff);
const numbers = Array.from({ length: 130000 }, random);
const sorted = [...numbers].sort((a, b) => a - b);
const people = numbers.slice(0, 50000).map((age, id) => ({ id, age: age % 90, name: `n${age % 5003}` }));
people.sort((a, b) => a.age - b.age || (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id));
const names = people.map((one) => one.name).sort();
const merge = (list) => {
  if (list.length < 2) return list;
  const middle = list.length >> 1;
  const [left, right, out] = [merge(list.slice(0, middle)), merge(list.slice(middle)), []];
  let [i, j] = [0, 0];
  while (i < left.length && j < right.length) out.push(left[i] <= right[j] ? left[i++] : right[j++]);
  while (i < left.length) out.push(left[i++]);
  while (j < right.length) out.push(right[j++]);
  return out;
};
const merged = merge(numbers.slice(0, 90000));
console.log(sorted[1000], people[777].id, names[4242], merged[999]);
