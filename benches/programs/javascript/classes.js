// Object orientation: classes, inheritance, private fields, getters.
class Shape {
  #name;
  constructor(name) { this.#name = name; }
  get name() { return this.#name; }
  area() { return 0; }
  scaled(by) { return this.area() * by; }
}
class Rectangle extends Shape {
  constructor(width, height) { super("rectangle"); this.width = width; this.height = height; }
  area() { return this.width * this.height; }
}
class Square extends Rectangle {
  constructor(side) { super(side, side); }
  scaled(by) { return super.scaled(by) + 1; }
}
class Circle extends Shape {
  constructor(radius) { super("circle"); this.radius = radius; }
  area() { return 3 * this.radius * this.radius; }
}
let sum = 0;
for (let n = 0; n < 800000; n++) {
  const shape = n % 3 === 0 ? new Square(n % 10) : n % 3 === 1 ? new Circle(n % 7) : new Rectangle(n % 5, 3);
  sum += shape.scaled(2) + shape.name.length;
}
console.log(sum);
