class NotEnough extends RangeError {
  constructor(missing) {
    super(`${missing} missing`);
    this.name = 'NotEnough';
    this.missing = missing;
  }
}

class Account {
  static LIMIT = 100;
  #balance;

  constructor(owner, balance) {
    this.owner = owner;
    this.#balance = balance;
  }

  static from(text) {
    const [owner, balance] = text.split(':');
    return new Account(owner, Number(balance));
  }

  get balance() {
    return this.#balance;
  }

  deposit(amount) {
    this.#balance += amount;
    return this;
  }

  withdraw(amount) {
    if (amount > this.#balance) throw new NotEnough(amount - this.#balance);
  }

  toString() {
    return `${this.owner}: ${this.#balance}`;
  }
}

class Shape {
  area() {
    return 0;
  }
}

class Square extends Shape {
  constructor(side) {
    super();
    this.side = side;
  }

  area() {
    return this.side ** 2;
  }
}

class Temperature {
  constructor(degrees) {
    this.degrees = degrees;
  }

  valueOf() {
    return this.degrees;
  }
}

function counter() {
  let count = 0;
  return {
    increment: () => count++,
    get count() {
      return count;
    },
  };
}

function* range(from, to) {
  for (let n = from; n < to; n++) yield n;
}

module.exports = { NotEnough, Account, Shape, Square, Temperature, counter, range };
