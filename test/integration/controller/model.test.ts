import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ControllerUnderTest } from '../../builders/controller-under-test.ts';
import type { Base } from '../../../src/desired/volume.ts';
import type { SimulatedNode } from '../../builders/simulated-node.ts';

const NODES = ['n1', 'n2', 'n3', 'n4'] as const;
/** The heartbeat timeout and more, in rounds of a second. */
const LONG_ENOUGH = 70;

interface NodeStep {
  readonly kind:
    | 'pod'
    | 'end-pod'
    | 'write'
    | 'crash'
    | 'boot'
    | 'taint'
    | 'untaint'
    | 'label'
    | 'unlabel'
    | 'lose'
    | 'slow'
    | 'fast'
    | 'node-step';
  readonly node: string;
}

type Step =
  | NodeStep
  | { readonly kind: 'sync'; readonly limit: number }
  | { readonly kind: 'rounds'; readonly count: number }
  | { readonly kind: 'kill' };

const anyNode = fc.constantFrom(...NODES);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pod' as const), node: anyNode }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('end-pod' as const), node: anyNode }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('write' as const), node: anyNode }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), node: anyNode }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('boot' as const), node: anyNode }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('taint' as const), node: anyNode }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('untaint' as const), node: anyNode }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('lose' as const), node: anyNode }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('slow' as const), node: anyNode }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fast' as const), node: anyNode }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('label' as const), node: anyNode }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unlabel' as const), node: anyNode }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('node-step' as const), node: anyNode }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('sync' as const), limit: fc.constantFrom(0, 1, 100) }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('rounds' as const),
      count: fc.constantFrom(1, 1, 2, 5, LONG_ENOUGH),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
);

function rounds(count: number): Step {
  return { kind: 'rounds', count };
}

/** Turns of a story that single steps rarely come to: a copy that lags when the writer is lost, or is the only one. */
const anyTurn: fc.Arbitrary<readonly Step[]> = fc.oneof(
  fc
    .record({ writer: anyNode, slow: anyNode })
    .map(({ writer, slow }): readonly Step[] => [
      { kind: 'pod', node: writer },
      rounds(8),
      { kind: 'slow', node: slow },
      { kind: 'write', node: writer },
      rounds(3),
      { kind: 'lose', node: writer },
      { kind: 'pod', node: slow },
      rounds(8),
      { kind: 'fast', node: slow },
      rounds(3),
    ]),
  anyNode.map((writer): readonly Step[] => [
    { kind: 'pod', node: writer },
    rounds(8),
    ...NODES.filter((node) => node !== writer).map((node): Step => ({ kind: 'slow', node })),
    { kind: 'write', node: writer },
    { kind: 'end-pod', node: writer },
    rounds(30),
    { kind: 'unlabel', node: writer },
    rounds(5),
  ]),
);

const anyStory = fc
  .array(
    fc.oneof(
      { weight: 20, arbitrary: anyStep.map((step): readonly Step[] => [step]) },
      { weight: 1, arbitrary: anyTurn },
    ),
    { minLength: 5, maxLength: 60 },
  )
  .map((turns) => turns.flat());

/** One volume, what was written to it, and what of it was acknowledged (docs/handoff.md, "Words"). */
class Model {
  readonly world = new ControllerUnderTest([...NODES]);
  readonly written: string[] = [];
  readonly acknowledged = new Set<string>();
  readonly #checked = new Map<string, number>();
  volumeId = '';

  async begin(replicas: string | undefined): Promise<void> {
    await this.world.start();
    this.volumeId = await this.world.createVolume('pvc-1', replicas === undefined ? {} : { replicas });
  }

  async carryOut(step: Step): Promise<void> {
    if (step.kind === 'rounds') {
      for (let round = 0; round < step.count; round += 1) {
        await this.world.round();
        await this.check();
      }
      return;
    }
    if (step.kind === 'sync') this.world.cluster.sync(step.limit);
    else if (step.kind === 'kill') this.world.kill();
    else await this.#onNode(step.kind, this.#meant(step));
    await this.check();
  }

  /** Most nodes have no writer at most times: what concerns one is done to whoever has the volume. */
  #meant({ kind, node }: NodeStep): SimulatedNode {
    const writer = this.world.cluster.nodes.find((each) => each.isMounted(this.volumeId));
    const isAboutWriter = kind === 'write' || kind === 'lose' || kind === 'end-pod';
    return isAboutWriter && writer !== undefined ? writer : this.world.node(node);
  }

  async #onNode(kind: NodeStep['kind'], node: SimulatedNode): Promise<void> {
    const { world, volumeId } = this;
    const has = node.uses(volumeId);
    const can: Readonly<Record<NodeStep['kind'], boolean>> = {
      pod: node.syncthing.isOn && !has,
      'end-pod': has,
      write: node.isMounted(volumeId),
      crash: node.syncthing.isOn,
      boot: !node.syncthing.isOn,
      taint: true,
      untaint: true,
      label: true,
      unlabel: true,
      lose: node.syncthing.isOn,
      slow: true,
      fast: true,
      'node-step': true,
    };
    const acts: Readonly<Record<NodeStep['kind'], () => unknown>> = {
      pod: () => world.startPod(node.name, volumeId),
      'end-pod': () => world.stopPod(node.name, volumeId),
      write: () => this.#write(node),
      crash: () => node.crash(),
      boot: () => node.boot(),
      taint: () => world.setNode(node.name, { labelled: node.isLabelled, outOfService: true }),
      untaint: () => world.setNode(node.name, { labelled: node.isLabelled }),
      label: () => world.setNode(node.name),
      unlabel: () => world.setNode(node.name, { labelled: false }),
      lose: () => this.#lose(node),
      slow: () => void (node.syncthing.isSlow = true),
      fast: () => void (node.syncthing.isSlow = false),
      'node-step': () => node.step(),
    };
    if (can[kind]) await acts[kind]();
  }

  #lose(node: SimulatedNode): void {
    node.crash();
    this.world.setNode(node.name, { labelled: node.isLabelled, outOfService: true });
  }

  #write(node: SimulatedNode): void {
    const file = `${node.name}-${this.written.length}`;
    this.written.push(file);
    node.write(this.volumeId, file);
  }

  /** What the API says is proven is acknowledged from then on; a new session has all that was until then. */
  async check(): Promise<void> {
    for (const node of this.world.cluster.nodes) this.#checkMounts(node);
    const { proven, base } = (await this.world.volume(this.volumeId)).status;
    if (proven !== undefined) this.#acknowledge(proven, proven.sequence);
    if (base.kind === 'handoff') this.#acknowledge(base);
  }

  #checkMounts(node: SimulatedNode): void {
    const mounts = node.mounts.slice(this.#checked.get(node.name) ?? 0);
    this.#checked.set(node.name, node.mounts.length);
    for (const { epoch, files } of mounts) {
      const missing = [...this.acknowledged].filter((file) => !files.includes(file));
      expect(missing, `missing on ${node.name} in epoch ${epoch}`).toEqual([]);
    }
  }

  /** Without a sequence: the last scan of the session, which ended it. */
  #acknowledge({ epoch, session }: Pick<Base, 'epoch' | 'session'>, sequence?: number): void {
    for (const node of this.world.cluster.nodes) {
      const scans = node.scanOf(this.volumeId, epoch, session) ?? new Map<number, readonly string[]>();
      for (const file of scans.get(sequence ?? Math.max(...scans.keys())) ?? []) this.acknowledged.add(file);
    }
  }

  /** All nodes on, in service, with labels: every node can have the volume in its turn, and no file is nowhere. */
  async end(): Promise<void> {
    const { world, volumeId } = this;
    for (const node of world.cluster.nodes) {
      if (!node.syncthing.isOn) node.boot();
      node.syncthing.isSlow = false;
      if (node.uses(volumeId)) await world.stopPod(node.name, volumeId);
      world.setNode(node.name);
    }
    for (let round = 0; round < LONG_ENOUGH; round += 1) await this.carryOut({ kind: 'rounds', count: 1 });
    for (const node of world.cluster.nodes) {
      await world.startPod(node.name, volumeId);
      await world.until(async () => {
        await this.check();
        return node.isMounted(volumeId);
      });
      await world.stopPod(node.name, volumeId);
    }
    const kept = new Set(
      world.cluster.nodes.flatMap((node) => [
        ...node.syncthing.filesOf(volumeId),
        ...[...node.archives.values()].flat(),
      ]),
    );
    expect(this.written.filter((file) => !kept.has(file))).toEqual([]);
  }
}

describe('the controller under any order of events', () => {
  test('no acknowledged write is missing from a later session, none is nowhere, and the volume can be used again', async () => {
    const runs = Number(process.env['MODEL_RUNS'] ?? 40);
    await fc.assert(
      fc.asyncProperty(anyStory, fc.constantFrom(undefined, '2'), async (steps, replicas) => {
        const model = new Model();
        await model.begin(replicas);
        try {
          for (const step of steps) await model.carryOut(step);
          await model.end();
        } finally {
          await model.world.stop();
        }
      }),
      {
        numRuns: runs,
        ...(process.env['MODEL_SEED'] !== undefined && { seed: Number(process.env['MODEL_SEED']) }),
        endOnFailure: false,
        interruptAfterTimeLimit: Number(process.env['MODEL_MS'] ?? 60_000),
      },
    );
  });
});
