import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { connectSyncthing } from '../../../src/syncthing/connect-syncthing.ts';
import type { SyncthingClient } from '../../../src/syncthing/client.ts';
import { writeConfig } from '../../../src/syncthing-config/write-config.ts';

/** A real Syncthing that runs for a test, configured as in production, on loopback alone. */
export interface Daemon extends AsyncDisposable {
  readonly deviceId: string;
  /** `tcp://127.0.0.1:port` or as it was given, for the other daemons' device configuration. */
  readonly address: string;
  readonly client: SyncthingClient;
  readonly socketPath: string;
  readonly apiKey: string;
  readonly home: string;
  /** A directory of this daemon in which tests make folders; gone after disposal. */
  readonly data: string;
  readonly pid: number;
  /** What the daemon has printed so far. */
  log(): string;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
  /** SIGSTOP: as the others see a node whose power was cut; it never says goodbye. Kill it in the end. */
  freeze(): void;
  /** SIGKILL, as a power cut would (but for the page cache), and waits for the end. */
  kill(): Promise<void>;
  /** Starts it again after {@link stop} or {@link kill}, with what syncthing-config writes. */
  start(): Promise<void>;
}

/** The binary under test: `SYNCTHING_BIN`, else what `make programs` built. */
export function syncthingBinary(): string {
  const binary = process.env['SYNCTHING_BIN'] ?? path.resolve('.cluster/bin/syncthing');
  if (!fs.existsSync(binary)) {
    throw new Error(`no Syncthing at ${binary}: run \`make programs\` or set SYNCTHING_BIN`);
  }
  return binary;
}

const START_TIMEOUT_MS = 60_000;

export interface DaemonOptions {
  /** A configuration of the user's, to be merged under ours. */
  readonly template?: string;
  /** Given for all nodes; random unless given. */
  readonly apiKey?: string;
  /** The home of a daemon whose keys this one has as well: the same device, at another address. */
  readonly twinOf?: string;
  /** An address of loopback, 127.0.0.1 unless given. */
  readonly listenIp?: string;
}

function copyKeys(from: string, home: string): void {
  fs.mkdirSync(home, { mode: 0o700 });
  for (const name of ['cert.pem', 'key.pem']) fs.copyFileSync(path.join(from, name), path.join(home, name));
}

export async function startDaemon(given: DaemonOptions = {}): Promise<Daemon> {
  // Short, because the path of a unix socket may not be longer than 107 bytes.
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'st-'));
  const home = path.join(directory, 'home');
  const data = path.join(directory, 'data');
  fs.mkdirSync(data);
  const socketPath = path.join(directory, 'api', 'syncthing.sock');
  const listenPort = await freePort();
  const templatePath = path.join(directory, 'template.xml');
  if (given.template !== undefined) fs.writeFileSync(templatePath, given.template);
  if (given.twinOf !== undefined) copyKeys(given.twinOf, home);
  const listenIp = given.listenIp ?? '127.0.0.1';
  const settings = {
    home,
    socketPath,
    listenIp,
    listenPort,
    guiUser: 'test',
    ...(given.template !== undefined && { templatePath }),
    ...(given.apiKey !== undefined && { apiKey: given.apiKey }),
  };
  const running = new RunningProcess(home);
  const { apiKey } = await writeConfig(settings, randomBytes);
  const client = connectSyncthing({ socketPath, apiKey });

  async function start(): Promise<void> {
    await writeConfig(settings, randomBytes);
    running.spawn();
    await untilServing(client, running);
  }
  async function dispose(): Promise<void> {
    client.close();
    await running.end('SIGKILL');
    fs.rmSync(directory, { recursive: true, force: true });
  }

  try {
    await start();
    const { myID } = await client.systemStatus({ signal: AbortSignal.timeout(START_TIMEOUT_MS) });
    return {
      deviceId: myID,
      address: `tcp://${listenIp}:${listenPort}`,
      client,
      socketPath,
      apiKey,
      home,
      data,
      get pid() {
        return running.pid();
      },
      log: () => running.output,
      stop: () => running.end('SIGTERM'),
      freeze: () => process.kill(running.pid(), 'SIGSTOP'),
      kill: () => running.end('SIGKILL'),
      start,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

class RunningProcess {
  output = '';
  readonly #home: string;
  #child: ChildProcess | undefined;

  constructor(home: string) {
    this.#home = home;
  }

  spawn(): void {
    // pdeathsig: no daemon outlives a test run, however that one ends.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', syncthingBinary(), 'serve'], {
      env: {
        PATH: process.env['PATH'],
        HOME: this.#home,
        STHOMEDIR: this.#home,
        STGUIADDRESS: '',
        STNOUPGRADE: '1',
        STNORESTART: '1',
        // One process, so that its pid is the one to end.
        STMONITORED: 'yes',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.#child = child;
  }

  pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) {
      throw new Error('the daemon is not running');
    }
    return pid;
  }

  get ended(): boolean {
    return this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || this.ended) {
      return;
    }
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}

async function untilServing(client: SyncthingClient, running: RunningProcess): Promise<void> {
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  for (;;) {
    try {
      return await client.health({ signal, timeoutMs: 2_000 });
    } catch (error) {
      if (signal.aborted || running.ended) {
        throw new Error(`Syncthing did not start:\n${running.output}`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') {
    throw new Error('no free port');
  }
  return address.port;
}
