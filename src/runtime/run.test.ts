import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { silentLogger } from './logger.ts';
import { run } from './run.ts';

class FakeProcess extends EventEmitter {
  exitCode: number | undefined;
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

function until(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve());
  });
}

function start(main: (signal: AbortSignal) => Promise<void>, drainMs = 60_000) {
  const process = new FakeProcess();
  return { process, ended: run(main, { process, log: silentLogger, drainMs }) };
}

test('a program that ends is done', async () => {
  const { process, ended } = start(async () => {});
  await ended;
  expect(process).toMatchObject({ exitCode: 0, exits: [] });
});

test('a program that throws has failed', async () => {
  const { process, ended } = start(() => Promise.reject(new Error('no')));
  await ended;
  expect(process).toMatchObject({ exitCode: 1, exits: [] });
});

test.for(['SIGTERM', 'SIGINT'])('%s lets it drain', async (name) => {
  const { process, ended } = start(until);
  process.emit(name);
  await ended;
  expect(process).toMatchObject({ exitCode: 0, exits: [] });
});

test('to be cut short by the signal is no failure; to fail while draining is', async () => {
  const cut = start((signal) => until(signal).then(() => signal.throwIfAborted()));
  cut.process.emit('SIGTERM');
  await cut.ended;
  expect(cut.process.exitCode).toBe(0);
  const failed = start((signal) => until(signal).then(() => Promise.reject(new Error('no'))));
  failed.process.emit('SIGTERM');
  await failed.ended;
  expect(failed.process.exitCode).toBe(1);
});

test('a second signal ends it at once', async () => {
  const { process } = start(() => new Promise(() => {}));
  process.emit('SIGTERM');
  process.emit('SIGTERM');
  expect(process.exits).toEqual([2]);
});

test('a drain that does not end is cut short', async () => {
  const stuck = Promise.withResolvers<number>();
  const { process } = start(() => new Promise(() => {}), 1);
  process.exit = (code) => stuck.resolve(code);
  process.emit('SIGTERM');
  expect(await stuck.promise).toBe(2);
});

test.for(['uncaughtException', 'unhandledRejection'])('%s ends it', (event) => {
  const { process } = start(() => new Promise(() => {}));
  process.emit(event, new Error('bug'));
  expect(process.exits).toEqual([1]);
});
