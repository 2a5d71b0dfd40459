// The diagnostics_channel module.

const channels = new Map();

class Channel {
  #subscribers = [];

  constructor(name) {
    this.name = name;
  }
  get hasSubscribers() {
    return this.#subscribers.length > 0;
  }
  subscribe(listener) {
    this.#subscribers = [...this.#subscribers, listener];
  }

  unsubscribe(listener) {
    const before = this.#subscribers.length;
    this.#subscribers = this.#subscribers.filter((each) => each !== listener);
    return this.#subscribers.length < before;
  }

  publish(message) {
    for (const listener of this.#subscribers) listener(message, this.name);
  }

  runStores(data, callback, receiver, ...args) {
    this.publish(data);
    return Reflect.apply(callback, receiver, args);
  }
}

function channel(name) {
  if (!channels.has(name)) channels.set(name, new Channel(name));
  return channels.get(name);
}

export default {
  Channel,
  channel,
  hasSubscribers: (name) => channels.get(name)?.hasSubscribers ?? false,
  subscribe: (name, listener) => channel(name).subscribe(listener),
  unsubscribe: (name, listener) => channel(name).unsubscribe(listener),
};
