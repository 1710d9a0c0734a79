import { expect, test } from 'vitest';
import { nodeView } from '../../test/builders/node-view.ts';
import { systemClock } from './clock.ts';
import { helperPass, type Pass } from './helper-pass.ts';
import { silentLogger } from './logger.ts';

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  // One byte at a time: a character of several bytes comes in pieces.
  for (const byte of Buffer.from(text)) yield Uint8Array.of(byte);
}

async function pass(stdin: string, run: (pass: Pass) => Promise<unknown>) {
  const printed: string[] = [];
  const logged: string[] = [];
  const log = { ...silentLogger, error: (_: object, message: string) => void logged.push(message) };
  const stdout = { write: (line: string) => printed.push(line) };
  const code = await helperPass({ stdin: chunks(stdin), stdout, clock: systemClock, log, run });
  return { code, printed, logged };
}

test('the view in, the report out', async () => {
  const view = nodeView({ node: 'nöde' });
  const { code, printed } = await pass(JSON.stringify(view), async (given) => ({ node: given.view.node }));
  expect({ code, printed }).toEqual({ code: 0, printed: ['{"node":"nöde"}\n'] });
});

test('what keeps everything from being done is the last word on stderr, and no report', async () => {
  const failed = await pass(JSON.stringify(nodeView()), async () => {
    throw new Error('no Syncthing');
  });
  expect(failed).toEqual({ code: 1, printed: [], logged: ['nothing could be done: no Syncthing'] });
  expect(await pass('{}', async () => ({}))).toMatchObject({ code: 1, printed: [] });
});
