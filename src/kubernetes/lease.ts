import { type Clock, withDeadline } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { KubernetesClient } from './client.ts';
import type { Lease, LeaseSpec } from './cluster-objects.ts';
import { isKubernetesError, KubernetesError } from './errors.ts';
import { LEASES } from './resource-kind.ts';

export interface LeaseTimings {
  /** Others wait so long after the last renewal that they saw before they take over. */
  readonly leaseMs: number;
  /** The leader gives up when it could not renew for so long; less than `leaseMs`, so that two never lead. */
  readonly renewMs: number;
  /** Between two tries. */
  readonly retryMs: number;
}

/** The values that Kubernetes' own components use. */
export const LEASE_TIMINGS: LeaseTimings = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2000 };

export interface LeadOptions {
  readonly client: KubernetesClient;
  /** Name of the Lease, in the client's namespace. */
  readonly name: string;
  /** Unique among the candidates and not used again after a restart: see `leaseIdentity`. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly timings?: LeaseTimings;
}

const BETWEEN = '_';

/** No pod's name has the sign between its parts, so that two processes of one pod know each other. */
export function leaseIdentity(podName: string, random: string): string {
  return `${podName}${BETWEEN}${random}`;
}

/** The kubelet begins a container again when its process has ended: who held the lease for this pod is gone. */
function isPredecessor(holder: string, identity: string): boolean {
  const [pod, ...random] = holder.split(BETWEEN);
  return random.length > 0 && pod === identity.split(BETWEEN)[0];
}

/**
 * Waits for the lease, does the work while it holds it, and begins again when it was lost. The work's signal fires when
 * the lease is lost or the whole is to end; the work must then end soon, and nothing else is begun before it has.
 * Returns when `signal` fires or the work returns by itself, with the lease given back, so that the next one need not
 * wait for it; rejects with what the work threw.
 */
export async function leadWhile(
  options: LeadOptions,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const election = new Election(options);
  while (await election.won()) {
    const lost = await election.lead(work);
    if (!lost) return;
  }
}

class Election {
  readonly #options: LeadOptions;
  readonly #timings: LeaseTimings;
  readonly #log: Logger;
  /** The lease as last seen, and when we first saw it so: nobody's clock is compared with another's. */
  #seen: { readonly lease: Lease; readonly at: number } | undefined;
  #renewedAt = 0;

  constructor(options: LeadOptions) {
    this.#options = options;
    this.#timings = options.timings ?? LEASE_TIMINGS;
    this.#log = options.log.child({ lease: options.name });
  }

  /** False when the signal fired first. */
  async won(): Promise<boolean> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      if (await this.#tryLogged(signal)) {
        this.#log.info({ identity: this.#options.identity }, 'leading');
        return true;
      }
      await this.#pause(signal);
    }
    return false;
  }

  /** True when the lease was lost, false when the work is over. */
  async lead(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    const lost = new AbortController();
    const over = new AbortController();
    const working = AbortSignal.any([this.#options.signal, lost.signal]);
    const renewing = this.#renew(lost, over.signal);
    try {
      await work(working);
    } catch (error) {
      if (!working.aborted) throw error;
    } finally {
      over.abort();
      await renewing;
      if (!lost.signal.aborted) await this.#release();
    }
    return lost.signal.aborted && !this.#options.signal.aborted;
  }

  /** Each try ends by the time at which the lease would have to be given up: another candidate waits for longer. */
  async #renew(lost: AbortController, over: AbortSignal): Promise<void> {
    const { clock, identity, name } = this.#options;
    while (!over.aborted) {
      await this.#pause(over);
      if (over.aborted) return;
      using deadline = withDeadline(
        clock,
        Math.max(0, this.#renewedAt + this.#timings.renewMs - clock.now()),
        over,
      );
      if (await this.#tryLogged(deadline.signal)) continue;
      if (over.aborted || (this.#holdsIt() && !deadline.signal.aborted)) continue;
      this.#log.warn({ identity }, 'the lease is lost, stopping the work');
      lost.abort(new KubernetesError('aborted', `the lease ${name} is lost`));
      return;
    }
  }

  async #tryLogged(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#acquireOrRenew(signal);
    } catch (error) {
      if (!signal.aborted) this.#log.warn({ error }, 'the lease cannot be reached');
      return false;
    }
  }

  async #acquireOrRenew(signal: AbortSignal): Promise<boolean> {
    const { client, name, clock } = this.#options;
    const call = { signal, timeoutMs: this.#timings.renewMs / 2 };
    const begun = clock.now();
    try {
      const lease = await client.get(LEASES, name, call).catch(orUndefined);
      if (lease !== undefined) this.#look(lease);
      if (lease !== undefined && this.#isTaken(lease)) return false;
      const spec = this.#renewed(lease?.spec);
      const mine =
        lease === undefined
          ? await client.create(LEASES, { name, spec }, call)
          : await client.replaceSpec(LEASES, lease, spec, call);
      this.#look(mine);
      this.#renewedAt = begun;
      return true;
    } catch (error) {
      if (isKubernetesError(error, 'conflict', 'already-exists', 'not-found')) return false;
      throw error;
    }
  }

  #look(lease: Lease): void {
    if (this.#seen?.lease.resourceVersion === lease.resourceVersion) return;
    this.#seen = { lease, at: this.#options.clock.now() };
  }

  #isTaken({ spec }: Lease): boolean {
    const { holderIdentity: holder } = spec;
    const { identity } = this.#options;
    if (holder === undefined || holder === '' || holder === identity || isPredecessor(holder, identity))
      return false;
    const leaseMs =
      spec.leaseDurationSeconds === undefined ? this.#timings.leaseMs : spec.leaseDurationSeconds * 1000;
    return this.#options.clock.now() < (this.#seen?.at ?? 0) + leaseMs;
  }

  #holdsIt(): boolean {
    return this.#seen?.lease.spec.holderIdentity === this.#options.identity;
  }

  #renewed(before: LeaseSpec | undefined): LeaseSpec {
    const { identity, clock } = this.#options;
    const now = microTime(clock.now());
    const kept = before?.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#timings.leaseMs / 1000),
      acquireTime: (kept ? before.acquireTime : undefined) ?? now,
      renewTime: now,
      leaseTransitions: before === undefined ? 0 : (before.leaseTransitions ?? 0) + (kept ? 0 : 1),
    };
  }

  /** Read live first: a renewal that we gave up may have been written all the same. */
  async #release(): Promise<void> {
    const { client, clock, name, identity } = this.#options;
    const call = { signal: new AbortController().signal, timeoutMs: 3000 };
    try {
      const lease = await client.get(LEASES, name, call);
      if (lease.spec.holderIdentity !== identity) return;
      const now = microTime(clock.now());
      const { leaseTransitions = 0 } = lease.spec;
      const spec: LeaseSpec = {
        holderIdentity: '',
        leaseDurationSeconds: 1,
        acquireTime: now,
        renewTime: now,
        leaseTransitions,
      };
      await client.replaceSpec(LEASES, lease, spec, call);
    } catch (error) {
      this.#log.info({ error }, 'the lease was not given back, it runs out by itself');
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(this.#timings.retryMs, signal).catch(() => undefined);
  }
}

function orUndefined(error: unknown): undefined {
  if (!isKubernetesError(error, 'not-found')) throw error;
}

/** metav1.MicroTime: RFC 3339 with six digits. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
