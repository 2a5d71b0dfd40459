export const add = (a, b) => a + b;
export default function greet(name) {
  return `hello ${name}`;
}
export class Point {
  constructor(x, y) {
    Object.assign(this, { x, y });
  }

  sum() {
    return this.x + this.y;
  }
}
export async function later() {
  return 'later';
}
await null;
