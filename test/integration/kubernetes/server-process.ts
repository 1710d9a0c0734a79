import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import fs from 'node:fs';
import path from 'node:path';

/** A server that runs for a test; its output goes to a file, whose end an error quotes. */
export interface ServerProcess {
  readonly name: string;
  readonly pid: number;
  /** As a power cut would end it. */
  kill(): Promise<void>;
  /** Stops it in its tracks: connections stay open and nobody answers. */
  freeze(): void;
  thaw(): void;
  /** Throws, with the end of the log, when the process is gone. */
  assertRunning(): void;
}

/** `setpriv --pdeathsig` ends the server with us, however we end: nothing stays behind a killed test run. */
export function startProcess(name: string, command: readonly string[], directory: string): ServerProcess {
  const log = path.join(directory, `${name}.log`);
  const output = fs.openSync(log, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
    stdio: ['ignore', output, output],
    cwd: directory,
  });
  fs.closeSync(output);
  // Without a listener an error of spawn would end the test run; assertRunning tells it.
  child.on('error', () => undefined);
  return {
    name,
    pid: child.pid ?? 0,
    kill: () => kill(child),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    assertRunning() {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) return;
      throw new Error(`${name} ended:\n${fs.readFileSync(log, 'utf8').slice(-3000)}`);
    },
  };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Asks again every 100 ms until it is true; between two tries the processes must be alive. */
export async function waitFor(
  what: string,
  condition: () => Promise<boolean>,
  processes: readonly ServerProcess[] = [],
): Promise<void> {
  const until = Date.now() + 90_000;
  while (!(await condition())) {
    for (const each of processes) each.assertRunning();
    if (Date.now() > until) throw new Error(`waited 90 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
