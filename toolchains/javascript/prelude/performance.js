// The performance object and the perf_hooks module.

import native from './native.js';
import { defineGlobal } from './globals.js';

let timeOrigin = 0;
let startTime = 0;
let entries = [];

/** Called when the program starts: nothing about time may come from the snapshot. */
export function startClock() {
  startTime = native.now();
  timeOrigin = Date.now();
  return startTime;
}

class PerformanceEntry {
  constructor(name, entryType, start, duration, detail) {
    this.name = name;
    this.entryType = entryType;
    this.startTime = start;
    this.duration = duration;
    if (detail !== undefined) this.detail = detail;
  }

  toJSON() {
    return { ...this };
  }
}

class PerformanceMark extends PerformanceEntry {}
class PerformanceMeasure extends PerformanceEntry {}

function timeOf(mark, fallback) {
  if (mark === undefined) return fallback;
  if (typeof mark === 'number') return mark;
  const entry = entries.findLast((each) => each.name === mark && each.entryType === 'mark');
  if (!entry) throw new DOMException(`The "${mark}" performance mark has not been set`, 'SyntaxError');
  return entry.startTime;
}

export const performance = {
  now: () => native.now() - startTime,
  get timeOrigin() {
    return timeOrigin;
  },
  mark(name, options = {}) {
    const entry = new PerformanceMark(
      `${name}`,
      'mark',
      options.startTime ?? performance.now(),
      0,
      options.detail ?? null,
    );
    entries.push(entry);
    return entry;
  },
  measure(name, startOrOptions, endMark) {
    const options =
      startOrOptions !== null && typeof startOrOptions === 'object'
        ? startOrOptions
        : { start: startOrOptions, end: endMark };
    const end = timeOf(options.end, performance.now());
    const start = timeOf(options.start, 0);
    const entry = new PerformanceMeasure(
      `${name}`,
      'measure',
      start,
      options.duration ?? end - start,
      options.detail ?? null,
    );
    entries.push(entry);
    return entry;
  },
  clearMarks(name) {
    entries = entries.filter((entry) => entry.entryType !== 'mark' || (name !== undefined && entry.name !== name));
  },
  clearMeasures(name) {
    entries = entries.filter((entry) => entry.entryType !== 'measure' || (name !== undefined && entry.name !== name));
  },
  getEntries: () => [...entries],
  getEntriesByName: (name, type) =>
    entries.filter((entry) => entry.name === name && (type === undefined || entry.entryType === type)),
  getEntriesByType: (type) => entries.filter((entry) => entry.entryType === type),
  timerify: (callback) => callback,
  eventLoopUtilization: () => ({ idle: 0, active: 0, utilization: 0 }),
  toJSON: () => ({ timeOrigin }),
};
Object.defineProperty(performance, Symbol.toStringTag, { value: 'Performance', configurable: true });

class PerformanceObserver {
  static supportedEntryTypes = ['mark', 'measure'];
  observe() {}
  disconnect() {}
  takeRecords() {
    return [];
  }
}

defineGlobal('performance', performance);

export const perfHooks = {
  performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  PerformanceObserver,
  constants: {},
  monitorEventLoopDelay: () => ({ enable() {}, disable() {}, min: 0, max: 0, mean: 0, stddev: 0, percentile: () => 0 }),
  createHistogram: () => ({ record() {}, min: 0, max: 0, mean: 0, stddev: 0, percentile: () => 0 }),
};
