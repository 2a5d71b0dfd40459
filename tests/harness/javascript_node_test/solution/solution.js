class Stack {
  #items = [];

  constructor(listener = () => {}) {
    this.listener = listener;
  }

  push(item) {
    this.#items.push(item);
    this.listener(item);
  }

  pop() {
    if (this.#items.length === 0) throw new RangeError('empty');
    return this.#items.pop();
  }

  get size() {
    return this.#items.length;
  }
}

module.exports = { Stack };
