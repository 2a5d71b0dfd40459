// The life of a program: its errors, its event loop, its end.

import native from './native.js';
import process from './process-object.js';
import { codedError } from './node-errors.js';
import { drain, drainMicrotasksFirst, setErrorHandlers } from './ticks.js';
import {
  immediatesKeepAlive,
  nextTimerDelay,
  runImmediates,
  runTimers,
  setTimerErrorHandler,
  timersKeepAlive,
} from './timers.js';
import { inputState, pumpInput } from './stdio.js';
import { closeHeldInterfaces } from './readline.js';
import { runMain } from './modules.js';
import { sourceContext } from './error-report.js';

const UNSETTLED_AWAIT = 13;
const LONGEST_WAIT_MS = 2 ** 31 - 1;

let isExiting = false;

/** Ends the program: its 'exit' listeners run, then nothing does. */
function exit(code) {
  if (code !== undefined) process.exitCode = code;
  runExitListeners();
  native.exit(currentExitCode());
}

function currentExitCode() {
  return Number(process.exitCode ?? 0);
}

function runExitListeners() {
  if (isExiting) return;
  isExiting = true;
  process._exiting = true;
  process.emit('exit', currentExitCode());
}

process.exit = exit;
process.reallyExit = (code) => native.exit(Number(code ?? 0));

// ------------------------------------------------------------------------------------------------ errors

function report(error) {
  let text;
  try {
    text = sourceContext(error);
  } catch {
    text = `${error}\n`;
  }
  native.print(2, text);
}

/** The last word on an error: it is printed, and the program ends with code 1. */
function die(error) {
  report(error);
  if (!isExiting) {
    process.exitCode = 1;
    try {
      runExitListeners();
    } catch (another) {
      report(another);
      native.exit(7);
    }
  }
  native.exit(currentExitCode() || 1);
}

function onUncaught(error, origin = 'uncaughtException') {
  process.emit('uncaughtExceptionMonitor', error, origin);
  if (process.listenerCount('uncaughtException') === 0) {
    die(error);
    return;
  }
  try {
    process.emit('uncaughtException', error, origin);
  } catch (another) {
    die(another);
  }
}

const REJECTION_TEXT =
  'This error originated either by throwing inside of an async function without a catch block, or by ' +
  'rejecting a promise which was not handled with .catch(). The promise rejected with the reason ';

/** How Node names a reason that is no error. */
function reasonText(reason) {
  if (reason !== null && (typeof reason === 'object' || typeof reason === 'function')) {
    return `"#<${reason.constructor?.name || 'Object'}>"`;
  }
  return `"${typeof reason === 'symbol' ? String(reason) : reason}"`;
}

function onUnhandledRejection(reason, promise) {
  if (process.listenerCount('unhandledRejection')) {
    try {
      process.emit('unhandledRejection', reason, promise);
    } catch (error) {
      onUncaught(error);
    }
    return;
  }
  if (Error.isError(reason)) {
    onUncaught(reason, 'unhandledRejection');
    return;
  }
  const error = codedError(Error, 'ERR_UNHANDLED_REJECTION', `${REJECTION_TEXT}${reasonText(reason)}.`);
  // There is no place in the program to point at.
  error.name = 'UnhandledPromiseRejection';
  error.stack = `UnhandledPromiseRejection: ${error.message}`;
  onUncaught(error, 'unhandledRejection');
}

setErrorHandlers({
  onUncaught,
  onUnhandledRejection,
  onRejectionHandled: (promise) => process.emit('rejectionHandled', promise),
});
setTimerErrorHandler(onUncaught);

// -------------------------------------------------------------------------------------------- event loop

function takeInput() {
  try {
    pumpInput();
  } catch (error) {
    onUncaught(error);
  }
  drain();
}

/** Waits for the next timer or for input, whichever comes first, and takes the input if there is some. */
function poll() {
  const input = inputState();
  let delay = 0;
  if (!immediatesKeepAlive()) {
    const untilTimer = nextTimerDelay();
    if (timersKeepAlive() || input === 'awaited')
      delay = untilTimer === Infinity ? -1 : Math.min(LONGEST_WAIT_MS, Math.ceil(untilTimer));
  }
  if (input === 'idle') {
    if (delay > 0) native.wait(delay, false);
  } else if (native.wait(delay, true)) {
    takeInput();
  }
}

function isAlive() {
  return timersKeepAlive() || immediatesKeepAlive() || inputState() === 'awaited';
}

/** One turn: timers, then input, then immediates; as in Node. */
function runLoop() {
  let slack = 1;
  do {
    while (isAlive()) {
      runTimers(slack);
      slack = 0;
      if (isAlive()) poll();
      runImmediates();
    }
    if (closeHeldInterfaces()) {
      drain();
      continue;
    }
    process.emit('beforeExit', currentExitCode());
    drain();
  } while (isAlive());
}

// -------------------------------------------------------------------------------------------------- main

/** Runs a program to its end and returns its exit code. */
export function runProgram(file, source) {
  let evaluation;
  try {
    evaluation = runMain(file, source);
  } catch (error) {
    onUncaught(error);
  }
  if (evaluation) {
    // A failure of the main module is reported like a thrown error.
    evaluation.catch(onUncaught);
    drainMicrotasksFirst();
  } else {
    drain();
  }
  runLoop();
  if (evaluation && native.promiseState(evaluation)[0] === 0 && process.exitCode === undefined) {
    native.print(2, `Warning: Detected unsettled top-level await at ${file}\n`);
    process.exitCode = UNSETTLED_AWAIT;
  }
  try {
    runExitListeners();
  } catch (error) {
    onUncaught(error);
  }
  return currentExitCode();
}
