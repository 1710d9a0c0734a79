import fs from 'node:fs';
import path from 'node:path';
import type * as z from 'zod/mini';
import {
  deleterReport,
  introducerReport,
  nodewatcherReport,
  resharerReport,
} from '../../../src/desired/helper-report.ts';
import { writtenState } from '../../../src/node/disk-state-version.ts';
import type {
  DeleterReport,
  IntroducerReport,
  NodeView,
  NodewatcherReport,
  ResharerReport,
} from '../../../src/desired/node-view.ts';
import { volumePaths, type VolumePaths } from '../../../src/desired/volume-paths.ts';
import type { DiskPhase } from '../../../src/handoff/disk-state.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import type { HelperName } from '../../../src/runtime/plan-rounds.ts';
import { helperCommand } from '../../../src/runtime/program.ts';
import { runHelper, type HelperResult } from '../../../src/runtime/subprocess.ts';
import { diskState, nodeView } from '../../builders/node-view.ts';
import { startDaemon, type Daemon } from '../syncthing/daemon.ts';

/** A node of a cluster without Kubernetes: a real Syncthing, a disk, and the helpers as `node` starts them. */
export interface HelperNode extends AsyncDisposable {
  readonly name: string;
  readonly daemon: Daemon;
  readonly peer: { readonly node: string; readonly deviceId: string };
  readonly device: {
    readonly node: string;
    readonly deviceId: string;
    readonly addresses: readonly string[];
  };
  readonly storeId: string;
  view(given: Partial<NodeView>): NodeView;
  paths(folderId: string): VolumePaths;
  /** Writes state.json as `node` does before a view names it, and gives what the view holds of it. */
  state(folderId: string, phase?: DiskPhase): NodeView['states'];
  write(folderId: string, name: string, content: string): void;
  read(folderId: string, name: string): string | undefined;
}

export async function startHelperNode(name: string): Promise<HelperNode> {
  const daemon = await startDaemon();
  const hostDataDir = daemon.data;
  const storeId = `store-of-${name}`;
  fs.writeFileSync(path.join(hostDataDir, 'store-id'), `${storeId}\n`);
  const apiKeyFile = path.join(daemon.home, 'api-key');

  function paths(folderId: string): VolumePaths {
    const found = volumePaths(hostDataDir, folderId);
    if (found === undefined) throw new Error(`${folderId} is no volume id`);
    return found;
  }
  function fileOf(folderId: string, file: string): string {
    return path.join(paths(folderId).sync, 'data', file);
  }
  return {
    name,
    daemon,
    peer: { node: name, deviceId: daemon.deviceId },
    device: { node: name, deviceId: daemon.deviceId, addresses: [daemon.address] },
    storeId,
    paths,
    view: (given) =>
      nodeView({
        node: name,
        storeId,
        hostDataDir,
        syncthing: { socketPath: daemon.socketPath, apiKeyFile },
        ...given,
      }),
    state(folderId, phase) {
      const { directory } = paths(folderId);
      const state = diskState(folderId, phase, storeId);
      fs.mkdirSync(directory, { recursive: true });
      fs.writeFileSync(path.join(directory, 'state.json'), writtenState(state));
      return { [folderId]: state };
    },
    write(folderId, file, content) {
      fs.mkdirSync(path.dirname(fileOf(folderId, file)), { recursive: true });
      fs.writeFileSync(fileOf(folderId, file), content);
    },
    read(folderId, file) {
      const found = fileOf(folderId, file);
      return fs.existsSync(found) ? fs.readFileSync(found, 'utf8') : undefined;
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

interface Reports {
  readonly introducer: IntroducerReport;
  readonly resharer: ResharerReport;
  readonly deleter: DeleterReport;
  readonly nodewatcher: NodewatcherReport;
}

const REPORTS: { readonly [Name in HelperName]: z.ZodMiniType<Reports[Name]> } = {
  introducer: introducerReport,
  resharer: resharerReport,
  deleter: deleterReport,
  nodewatcher: nodewatcherReport,
};

/** One pass in a process of its own, however it ends. */
export async function tryHelper<Name extends HelperName>(
  name: Name,
  view: NodeView,
): Promise<HelperResult<Reports[Name]>> {
  const callerFile = path.resolve('src/node/main.ts');
  return runHelper({
    name,
    command: helperCommand({ node: process.execPath, callerFile, name }),
    input: view,
    report: REPORTS[name],
    timeoutMs: 60_000,
    killAfterMs: 1000,
    log: silentLogger,
    signal: AbortSignal.timeout(60_000),
    env: {},
  });
}

/** One pass that must end well. */
export async function runPass<Name extends HelperName>(name: Name, view: NodeView): Promise<Reports[Name]> {
  const result = await tryHelper(name, view);
  if (result.kind !== 'ok') throw new Error(`${name}: ${JSON.stringify(result)}`);
  return result.report;
}

/** Introducer and resharer, as in a round that somebody waits for. */
export async function urgentRound(view: NodeView): Promise<Pick<Reports, 'introducer' | 'resharer'>> {
  const introducer = await runPass('introducer', view);
  return { introducer, resharer: await runPass('resharer', view) };
}
