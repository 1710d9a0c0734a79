import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import type { TestNode } from './cluster.ts';

export interface PodOptions {
  readonly mode?: string;
  readonly readonly?: boolean;
}

/** A pod as the kubelet sees it: NodeStageVolume and NodePublishVolume with its paths. */
export function stageRequest(node: TestNode, volumeId: string, { mode }: PodOptions = {}) {
  const accessMode = { mode: mode ?? 'SINGLE_NODE_MULTI_WRITER' };
  return {
    volumeId,
    stagingTargetPath: node.stagingPath(volumeId),
    volumeCapability: { mount: {}, accessMode },
  };
}

export function publishRequest(node: TestNode, volumeId: string, pod: string, options: PodOptions = {}) {
  const targetPath = node.targetPath(volumeId, pod);
  const isReader = options.mode?.endsWith('_READER_ONLY') === true;
  return { ...stageRequest(node, volumeId, options), targetPath, readonly: options.readonly ?? isReader };
}

/** Calls as the kubelet does, again after each answer that it retries; the path that the pod sees. */
export async function attach(
  node: TestNode,
  volumeId: string,
  pod: string,
  options: PodOptions = {},
): Promise<string> {
  await untilOk(() => node.rpc('NodeStageVolume', stageRequest(node, volumeId, options)));
  await untilOk(() => node.rpc('NodePublishVolume', publishRequest(node, volumeId, pod, options)));
  return node.targetPath(volumeId, pod);
}

export async function unpublish(node: TestNode, volumeId: string, pod: string): Promise<void> {
  const targetPath = node.targetPath(volumeId, pod);
  expect(await node.rpc('NodeUnpublishVolume', { volumeId, targetPath })).toMatchObject({ kind: 'ok' });
}

export async function detach(node: TestNode, volumeId: string, pod: string): Promise<void> {
  await unpublish(node, volumeId, pod);
  await untilOk(() =>
    node.rpc('NodeUnstageVolume', { volumeId, stagingTargetPath: node.stagingPath(volumeId) }),
  );
}

/** What a person does to files that pods wrote into `gone`, `edited` and `kept`. */
export function meddle(data: string): void {
  rmSync(path.join(data, 'gone'));
  writeFileSync(path.join(data, 'edited'), 'by hand, and longer than it was');
  writeFileSync(path.join(data, 'made'), 'by hand');
}

type Answered = Awaited<ReturnType<TestNode['rpc']>>;

/** ABORTED, DEADLINE_EXCEEDED and UNAVAILABLE are what a kubelet repeats without a thought. */
const RETRIED: ReadonlySet<number> = new Set([4, 10, 14]);
const TRIES = 5;

export async function untilOk(call: () => Promise<Answered>): Promise<void> {
  let last: Answered | undefined;
  for (let tries = 0; tries < TRIES; tries += 1) {
    last = await call();
    if (last.kind === 'ok' || !RETRIED.has(last.code)) break;
  }
  expect(last).toMatchObject({ kind: 'ok' });
}

/** Looks again until it holds; what never does fails with the last look. */
export async function eventually(look: () => Promise<void> | void, timeoutMs = 60_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
