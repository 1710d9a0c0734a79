/** The schedule of a round: a pure function of seed, round and profile. */
import { type Random, randomOf } from '../random.ts';
import { FAULT_KINDS, type FaultKind, NODES, type NodeName, type Phase } from './fault-kind.ts';
import { FAULT_TRAITS, type FaultTraits } from './fault-traits.ts';
import type { Profile } from './profile.ts';
import type { Leg, PlannedFault, RoundPlan } from './round-plan.ts';

interface Card {
  readonly kind: FaultKind;
  readonly phase: Phase;
}

/** Every kind in every phase of these that it may come in. */
function cards(phases: readonly Phase[], fits: (traits: FaultTraits) => boolean): readonly Card[] {
  return FAULT_KINDS.flatMap((kind) => {
    const traits = FAULT_TRAITS[kind];
    if (!fits(traits)) return [];
    return traits.phases.filter((phase) => phases.includes(phase)).map((phase) => ({ kind, phase }));
  });
}

const LEG_PHASES: readonly Phase[] = ['attach', 'writing', 'detach'];

/**
 * One card of each kind before any kind comes again in another phase, in an order of the seed's own: so few rounds see
 * every kind, and enough of them every kind in every phase.
 */
function dealt(seed: number, name: string, deck: readonly Card[], index: number): Card {
  const kinds = [...new Set(deck.map((card) => card.kind))];
  const turn = Math.floor(index / kinds.length);
  const order = randomOf(seed, name, turn).shuffle(kinds);
  const kind = order[index % kinds.length];
  const ofKind = randomOf(seed, name, kind ?? '').shuffle(deck.filter((card) => card.kind === kind));
  const card = ofKind[turn % ofKind.length];
  if (card === undefined) throw new RangeError(`no card in deck ${name}`);
  return card;
}

function otherNode(random: Random, ...taken: readonly NodeName[]): NodeName {
  return random.pick(NODES.filter((node) => !taken.includes(node)));
}

interface LegInput {
  readonly random: Random;
  readonly profile: Profile;
  readonly dataNodes: readonly NodeName[];
  readonly from: readonly NodeName[];
  readonly card: Card;
  readonly companion: Card | undefined;
}

function aimedNode(input: LegInput, card: Card, volume: number, to: readonly NodeName[]): NodeName {
  const writer = input.from[volume] ?? 'node1';
  const destination = to[volume] ?? 'node1';
  const { aim } = FAULT_TRAITS[card.kind];
  if (aim === 'any') return input.random.pick(NODES);
  if (aim === 'replica') return input.random.pick(input.dataNodes.filter((node) => node !== writer));
  // On the way in, it is the node to which the volume comes that a fault can disturb.
  return aim === 'destination' || card.phase === 'attach' ? destination : writer;
}

/** Moments at which something is likely to be in the middle. */
const DELAYS = [0, 0, 50, 150, 400, 1_000, 2_500];

function planFault(
  input: Pick<LegInput, 'random' | 'profile'>,
  card: Card,
  target: { readonly volume: number; readonly node: NodeName },
): PlannedFault {
  const { random, profile } = input;
  const { lasting } = FAULT_TRAITS[card.kind];
  const holdMs =
    lasting.kind === 'span'
      ? Math.round((lasting.leastMs + random.int(lasting.mostMs - lasting.leastMs)) * profile.spanShare)
      : undefined;
  return {
    ...card,
    ...target,
    afterMs: random.pick(DELAYS),
    dice: random.int(2 ** 32),
    ...(holdMs === undefined ? {} : { holdMs }),
  };
}

/** Who goes where: away from where it is, and away from a node that is given up. */
function destinations(input: LegInput, volume: number): readonly NodeName[] {
  const { random, from, card } = input;
  const [first, second] = from;
  if (card.kind === 'swap-nodes' && first !== undefined && second !== undefined) {
    const others = from.slice(2).map((node) => otherNode(random, node));
    return first === second ? from.map((node) => otherNode(random, node)) : [second, first, ...others];
  }
  const lost = FAULT_TRAITS[card.kind].lasting.kind === 'until-moved' ? from[volume] : undefined;
  return from.map((node) => otherNode(random, node, ...(lost === undefined ? [] : [lost])));
}

function planLeg(input: LegInput): Leg {
  const { random, from, card, companion } = input;
  const volume = random.int(from.length);
  const to = destinations(input, volume);
  const faults = [card, ...(companion === undefined ? [] : [companion])].map((each) =>
    planFault(input, each, { volume, node: aimedNode(input, each, volume, to) }),
  );
  return { from, to, faults };
}

/** Two volumes that are to swap their places have to be in different ones. */
function firstNodes(random: Random, volumes: number): readonly NodeName[] {
  const nodes = random.shuffle(NODES);
  return Array.from({ length: volumes }, (_, index) => nodes[index % nodes.length] ?? 'node1');
}

const LAST_CARDS = cards(LEG_PHASES, (traits) => traits.isLast === true);
const LEG_CARDS = cards(LEG_PHASES, (traits) => traits.isLast !== true);
const KILL_CARDS = cards(LEG_PHASES, (traits) => traits.isKill === true);
/** The last leg of one round in so many has a fault after which nothing may go on. */
const LAST_EVERY = 8;
const COMPANION_SHARE = 0.25;

interface PlanInput {
  readonly seed: number;
  readonly round: number;
  readonly profile: Profile;
  /** This kind alone, to look at it. */
  readonly only?: FaultKind;
}

/** Each phase of that kind in turn; where nothing may come after it, volumes just change places before. */
function onlyCard(kind: FaultKind, index: number, isLastLeg: boolean): Card {
  const ofKind = cards(LEG_PHASES, () => true).filter((card) => card.kind === kind);
  const card = FAULT_TRAITS[kind].isLast === true && !isLastLeg ? undefined : ofKind[index % ofKind.length];
  return card ?? { kind: 'swap-nodes', phase: 'detach' };
}

/** How many rounds before this one ended with such a fault: their last legs took no card of the other deck. */
function lastsBefore(seed: number, round: number): number {
  return Math.floor((seed + round) / LAST_EVERY) - Math.floor(seed / LAST_EVERY);
}

function legCards({ seed, round, profile, only }: PlanInput): readonly Card[] {
  const lasts = lastsBefore(seed, round);
  return Array.from({ length: profile.legs }, (_, leg) => {
    const index = round * profile.legs + leg;
    const isLastLeg = leg === profile.legs - 1;
    if (only !== undefined) return onlyCard(only, index, isLastLeg);
    return isLastLeg && lastsBefore(seed, round + 1) > lasts
      ? dealt(seed, 'last', LAST_CARDS, lasts)
      : dealt(seed, 'leg', LEG_CARDS, index - lasts);
  });
}

function outerFaults(
  input: PlanInput,
  phase: 'provision' | 'delete',
  dataNodes: readonly NodeName[],
): readonly PlannedFault[] {
  const { seed, round, profile, only } = input;
  const random = randomOf(seed, round, phase);
  const deck = cards([phase], () => true).filter((card) => only === undefined || card.kind === only);
  const isTurn = only !== undefined || (round + (phase === 'delete' ? 1 : 0)) % 2 === 0;
  if (!profile.hasOuterFaults || !isTurn || deck.length === 0) return [];
  const card = dealt(seed, phase, deck, Math.floor(round / 2));
  return [planFault({ random, profile }, card, { volume: 0, node: random.pick(dataNodes) })];
}

function companionOf({ seed, round, only }: PlanInput, leg: number): Card | undefined {
  const random = randomOf(seed, round, leg, 'companion');
  return only === undefined && random.chance(COMPANION_SHARE) ? random.pick(KILL_CARDS) : undefined;
}

/** Copies that were touched by hand are made whole where a pod starts on them: the last reader goes there. */
function lastNodes(random: Random, legs: readonly Leg[]): readonly NodeName[] {
  const places = legs.at(-1)?.to ?? [];
  return places.map((place, volume) => {
    const touched = legs
      .flatMap((leg) => leg.faults)
      .findLast((fault) => fault.volume === volume && fault.kind.startsWith('replica-'));
    return touched?.node ?? otherNode(random, place);
  });
}

/** The same for the same input. Rounds count from 0. */
export function planRound(input: PlanInput): RoundPlan {
  const { seed, round, profile } = input;
  const random = randomOf(seed, round);
  const dataNodes = random
    .shuffle(NODES)
    .slice(0, random.chance(0.3) ? 3 : 2)
    .toSorted();
  const volumes = random.pick(profile.volumes);
  let from = firstNodes(random, volumes);
  const legs: Leg[] = [];
  for (const [index, card] of legCards(input).entries()) {
    const leg = planLeg({ random, profile, dataNodes, from, card, companion: companionOf(input, index) });
    legs.push(leg);
    from = leg.to;
  }
  return {
    seed,
    round,
    dataNodes,
    volumes,
    provision: outerFaults(input, 'provision', dataNodes),
    legs,
    deletion: outerFaults(input, 'delete', dataNodes),
    last: lastNodes(random, legs),
  };
}
