import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAULT_KINDS, NODES, PHASES } from './fault-kind.ts';
import { FAULT_TRAITS } from './fault-traits.ts';
import { planRound } from './plan-round.ts';
import { PROFILE_NAMES, PROFILES } from './profile.ts';
import { faultsOf } from './round-plan.ts';

const rounds = fc.record({
  seed: fc.nat(1_000_000),
  round: fc.nat(500),
  profile: fc.constantFrom(...PROFILE_NAMES).map((name) => PROFILES[name]),
});

describe('the schedule of a round', () => {
  it('is the same for the same seed', () => {
    fc.assert(
      fc.property(rounds, (input) => {
        expect(planRound(input)).toEqual(planRound(input));
      }),
      { numRuns: 200 },
    );
  });

  it('is another one for another seed', () => {
    const plans = new Set(
      [1, 2, 3, 4, 5].map((seed) =>
        JSON.stringify(planRound({ seed, round: 0, profile: PROFILES.usual }).legs),
      ),
    );
    expect(plans.size).toBe(5);
  });

  it('has every fault that may come, in every phase it may come in, within 200 rounds', () => {
    const plans = Array.from({ length: 200 }, (_, round) =>
      planRound({ seed: 1, round, profile: PROFILES.usual }),
    );
    const seen = new Set(plans.flatMap(faultsOf).map(({ kind, phase }) => `${kind} ${phase}`));
    const wanted = FAULT_KINDS.flatMap((kind) =>
      FAULT_TRAITS[kind].phases.map((phase) => `${kind} ${phase}`),
    );
    expect([...seen].toSorted()).toEqual(wanted.toSorted());
  });

  it('has every kind within 20 rounds', () => {
    for (const seed of [1, 2, 3]) {
      const plans = Array.from({ length: 20 }, (_, round) =>
        planRound({ seed, round, profile: PROFILES.usual }),
      );
      const kinds = new Set(plans.flatMap(faultsOf).map(({ kind }) => kind));
      expect([...kinds].toSorted()).toEqual([...FAULT_KINDS].toSorted());
    }
  });

  it('has every kind once before any comes again, whatever a last leg has instead', () => {
    const kinds = FAULT_KINDS.filter((kind) => FAULT_TRAITS[kind].isLast !== true);
    for (const seed of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const plans = Array.from({ length: 20 }, (_, round) =>
        planRound({ seed, round, profile: PROFILES.usual }),
      );
      const dealt = plans
        .flatMap(({ legs }) => legs.flatMap(({ faults: [first] }) => (first === undefined ? [] : first.kind)))
        .filter((kind) => FAULT_TRAITS[kind].isLast !== true);
      expect(dealt.slice(0, kinds.length).toSorted()).toEqual(kinds.toSorted());
    }
  });

  it('moves every volume in every leg, from where it was', () => {
    fc.assert(
      fc.property(rounds, ({ seed, round, profile }) => {
        const { legs, volumes, last } = planRound({ seed, round, profile });
        expect(legs).toHaveLength(profile.legs);
        for (const [index, leg] of legs.entries()) {
          expect(leg.from).toHaveLength(volumes);
          expect(leg.to.every((node, volume) => node !== leg.from[volume])).toBe(true);
          if (index > 0) expect(leg.from).toEqual(legs[index - 1]?.to);
        }
        expect(last).toHaveLength(volumes);
      }),
    );
  });

  it('sends no volume to a node that is given up', () => {
    fc.assert(
      fc.property(rounds, ({ seed, round, profile }) => {
        for (const { to, faults } of planRound({ seed, round, profile }).legs) {
          const lost = faults.filter(({ kind }) => FAULT_TRAITS[kind].lasting.kind === 'until-moved');
          for (const { node } of lost) expect(to).not.toContain(node);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('lets nothing move on after a fault that only a person can end', () => {
    fc.assert(
      fc.property(rounds, ({ seed, round, profile }) => {
        const { legs } = planRound({ seed, round, profile });
        for (const leg of legs.slice(0, -1))
          for (const { kind } of leg.faults) expect(FAULT_TRAITS[kind].isLast).not.toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('puts each fault into a phase of its kind and at a node of the cluster, a replica never at the writer', () => {
    fc.assert(
      fc.property(rounds, ({ seed, round, profile }) => {
        const plan = planRound({ seed, round, profile });
        for (const { kind, phase, node } of faultsOf(plan)) {
          expect(PHASES).toContain(phase);
          expect(NODES).toContain(node);
          expect(FAULT_TRAITS[kind].phases).toContain(phase);
        }
        for (const { from, faults } of plan.legs)
          for (const { kind, node, volume } of faults)
            if (FAULT_TRAITS[kind].aim === 'replica') expect(node).not.toBe(from[volume]);
      }),
      { numRuns: 500 },
    );
  });

  it('is of one kind alone when that is asked for, in all of its phases', () => {
    for (const only of FAULT_KINDS) {
      const plans = [0, 1, 2].map((round) => planRound({ seed: 1, round, profile: PROFILES.usual, only }));
      const faults = plans.flatMap(faultsOf).filter(({ kind }) => kind !== 'swap-nodes' || only === kind);
      expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set([only]));
      const phases = new Set(faults.map(({ phase }) => phase));
      expect([...phases].toSorted()).toEqual(FAULT_TRAITS[only].phases.toSorted());
    }
  });
});
