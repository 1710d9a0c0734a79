/**
 * What a configuration file of the user's may say: PURE. It is merged under ours, so that only what we have no opinion
 * on counts; what would open the network or break replication is refused by name instead of passed over, because
 * whoever wrote it expects it to hold.
 */
import { elementText, xmlChildren, type XmlChild } from './xml-children.ts';

export interface TemplateOptions {
  /** Options that hold, in the order of the file. */
  readonly taken: readonly { readonly name: string; readonly value: string }[];
  /** Options and sections that the driver sets itself, or that mean nothing here; sorted, each once. */
  readonly passedOver: readonly string[];
}

/** All that is wrong with a template at once. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

type Check = (value: string) => boolean;

const isWhole: Check = (value) => /^\d{1,9}$/.test(value);
const isBoolean: Check = (value) => value === 'true' || value === 'false';
const isOff: Check = (value) => value === '' || value === 'false';
const isZero: Check = (value) => value === '' || value === '0';
const isCidr: Check = (value) => /^[0-9a-fA-F.:]+\/\d{1,3}$/.test(value);
/** As it stands in every file that Syncthing writes, and says no address. */
const isUnsaid: Check = (value) => value === 'default';
const isEmpty: Check = (value) => value === '';
const isNotAgreed: Check = (value) => value === '' || /^(?:0|-\d{1,3})$/.test(value);

interface Taken {
  readonly check: Check;
  readonly wants: string;
  readonly many?: true;
}
const WHOLE: Taken = { check: isWhole, wants: 'a whole number' };
const BOOLEAN: Taken = { check: isBoolean, wants: 'true or false' };

/** Rates and sizes, which are for the owner of the machines to say. */
const TAKEN: ReadonlyMap<string, Taken> = new Map([
  ['maxSendKbps', WHOLE],
  ['maxRecvKbps', WHOLE],
  ['limitBandwidthInLan', BOOLEAN],
  ['alwaysLocalNet', { check: isCidr, wants: 'a network such as 10.0.0.0/8', many: true }],
  ['trafficClass', WHOLE],
  ['maxConcurrentIncomingRequestKiB', WHOLE],
  ['keepTemporariesH', WHOLE],
  ['cacheIgnoredFiles', BOOLEAN],
  ['tempIndexMinBlocks', WHOLE],
  [
    'databaseTuning',
    { check: (value) => /^(?:auto|small|large)$/.test(value), wants: 'auto, small or large' },
  ],
]);

interface Closed {
  readonly check: Check;
  readonly why: string;
}
const OUTSIDE = 'it would talk to hosts outside the cluster';
const FEWER_PEERS = 'it would keep copies from each other';

/** What has to be off, or left out. */
const CLOSED: ReadonlyMap<string, Closed> = new Map([
  [
    'listenAddress',
    { check: isUnsaid, why: 'the driver listens on the address of its pod alone, at the port syncPort' },
  ],
  ['globalAnnounceEnabled', { check: isOff, why: OUTSIDE }],
  ['localAnnounceEnabled', { check: isOff, why: 'it would tell every host of the network of this one' }],
  ['relaysEnabled', { check: isOff, why: OUTSIDE }],
  ['natEnabled', { check: isOff, why: 'it would open ports of the router to the internet' }],
  ['upnpEnabled', { check: isOff, why: 'it would open ports of the router to the internet' }],
  ['crashReportingEnabled', { check: isOff, why: OUTSIDE }],
  ['urAccepted', { check: isNotAgreed, why: OUTSIDE }],
  [
    'autoUpgradeIntervalH',
    { check: isZero, why: `${OUTSIDE}, and replace the program that the chart names` },
  ],
  ['insecureAllowOldTLSVersions', { check: isOff, why: 'it would let old, broken encryption in' }],
  ['connectionLimitEnough', { check: isZero, why: FEWER_PEERS }],
  ['connectionLimitMax', { check: isZero, why: FEWER_PEERS }],
  ['featureFlag', { check: isEmpty, why: 'no version of Syncthing with such a flag was ever tried' }],
]);

/** What the driver sets itself, and what has no effect once all of the above is off. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  'reconnectionIntervalS',
  'setLowPriority',
  'progressUpdateIntervalS',
  'maxFolderConcurrency',
  'minHomeDiskFree',
  'sendFullIndexOnUpgrade',
  'overwriteRemoteDeviceNamesOnConnect',
  'startBrowser',
  'announceLANAddresses',
  'stunKeepaliveStartS',
  'stunKeepaliveMinS',
  'stunServer',
  'urURL',
  'urSeen',
  'urUniqueID',
  'urPostInsecurely',
  'urInitialDelayS',
  'crashReportingURL',
  'releasesURL',
  'upgradeToPreReleases',
  'globalAnnounceServer',
  'localAnnouncePort',
  'localAnnounceMCAddr',
  'relayReconnectIntervalM',
  'relayServer',
  'natLeaseMinutes',
  'natRenewalMinutes',
  'natTimeoutSeconds',
  'upnpLeaseMinutes',
  'upnpRenewalMinutes',
  'upnpTimeoutSeconds',
  'unackedNotificationID',
  'connectionPriorityTcpLan',
  'connectionPriorityQuicLan',
  'connectionPriorityTcpWan',
  'connectionPriorityQuicWan',
  'connectionPriorityRelay',
  'connectionPriorityUpgradeThreshold',
  'auditEnabled',
  'auditFile',
  'defaultFolderPath',
  'minHomeDiskFreePct',
  'maxConcurrentScans',
  'restartOnWakeup',
  'symlinksEnabled',
]);

/**
 * Reads the options of a template. Throws TemplateError that names every option that is refused, is unknown, or has a
 * value that Syncthing would not start with. Values are not repeated: nobody looks for a secret in a log.
 */
export function templateOptions(text: string): TemplateOptions {
  const root = xmlChildren(text);
  if (root?.name !== 'configuration') {
    throw new TemplateError('it is not a <configuration> document of Syncthing');
  }
  const [sections, others] = split(root.children, (child) => child.name === 'options');
  const options = sections.flatMap((section) => xmlChildren(section.text)?.children ?? []);
  const faults = [...options.flatMap(faultOf), ...repeated(options)];
  if (faults.length > 0) throw new TemplateError(faults.join('; '));
  const [taken, notTaken] = split(options, (option) => TAKEN.has(option.name));
  const passedOver = [...notTaken.map(({ name }) => name), ...others.map(({ name }) => `<${name}>`)];
  return {
    taken: taken.map((option) => ({ name: option.name, value: valueOf(option) ?? '' })),
    passedOver: [...new Set(passedOver)].toSorted(),
  };
}

function split<T>(all: readonly T[], first: (each: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter((each) => first(each)), all.filter((each) => !first(each))];
}

/** Undefined for what is no plain text; a value that cannot be read is in no case a permitted one. */
function valueOf(option: XmlChild): string | undefined {
  return elementText(option.text)?.trim();
}

function faultOf(option: XmlChild): readonly string[] {
  const { name } = option;
  const value = valueOf(option);
  const taken = TAKEN.get(name);
  if (taken !== undefined) {
    return value !== undefined && taken.check(value) ? [] : [`${name} must be ${taken.wants}`];
  }
  const closed = CLOSED.get(name);
  if (closed !== undefined) {
    return value !== undefined && closed.check(value)
      ? []
      : [`${name} is refused: ${closed.why}; leave it out`];
  }
  return PASSED_OVER.has(name) ? [] : [`${name} is no option that the driver knows; leave it out`];
}

function repeated(options: readonly XmlChild[]): readonly string[] {
  const single = options.map(({ name }) => name).filter((name) => TAKEN.get(name)?.many === undefined);
  const twice = single.filter((name, index) => TAKEN.has(name) && single.indexOf(name) !== index);
  return [...new Set(twice)].map((name) => `${name} stands there twice`);
}
