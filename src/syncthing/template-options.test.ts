import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { templateOptions } from './template-options.ts';

function template(...options: readonly string[]): string {
  return `<?xml version="1.0"?>\n<configuration version="37"><options>${options.join('')}</options></configuration>`;
}

describe('templateOptions', () => {
  test('takes rates and sizes, in the order of the file', () => {
    const text = template(
      '<maxRecvKbps> 500 </maxRecvKbps>',
      '<maxSendKbps>250</maxSendKbps>',
      '<limitBandwidthInLan>true</limitBandwidthInLan>',
      '<alwaysLocalNet>10.0.0.0/8</alwaysLocalNet><alwaysLocalNet>fd00::/8</alwaysLocalNet>',
      '<databaseTuning>small</databaseTuning>',
    );
    expect(templateOptions(text)).toEqual({
      taken: [
        { name: 'maxRecvKbps', value: '500' },
        { name: 'maxSendKbps', value: '250' },
        { name: 'limitBandwidthInLan', value: 'true' },
        { name: 'alwaysLocalNet', value: '10.0.0.0/8' },
        { name: 'alwaysLocalNet', value: 'fd00::/8' },
        { name: 'databaseTuning', value: 'small' },
      ],
      passedOver: [],
    });
  });

  test('passes over what is off already, what the driver sets, and every other section, and says which', () => {
    const text = `<configuration><folder id="x"/><gui><apikey>secret</apikey></gui><defaults/><options>
      <relaysEnabled>false</relaysEnabled><urAccepted>-1</urAccepted><connectionLimitMax>0</connectionLimitMax>
      <startBrowser>true</startBrowser><startBrowser>true</startBrowser><minHomeDiskFree unit="%">1</minHomeDiskFree>
      <featureFlag></featureFlag><listenAddress>default</listenAddress></options></configuration>`;
    expect(templateOptions(text)).toEqual({
      taken: [],
      passedOver: [
        '<defaults>',
        '<folder>',
        '<gui>',
        'connectionLimitMax',
        'featureFlag',
        'listenAddress',
        'minHomeDiskFree',
        'relaysEnabled',
        'startBrowser',
        'urAccepted',
      ],
    });
  });

  test.each([
    ['listenAddress', 'tcp://0.0.0.0:22000'],
    ['listenAddress', 'Default'],
    ['listenAddress', 'default, tcp://0.0.0.0:22000'],
    ['listenAddress', ''],
    ['globalAnnounceEnabled', 'true'],
    ['localAnnounceEnabled', '1'],
    ['relaysEnabled', 'true'],
    ['relaysEnabled', ' TRUE '],
    ['relaysEnabled', '&#116;rue'],
    ['relaysEnabled', 'tr<!-- -->ue'],
    ['natEnabled', 't'],
    ['upnpEnabled', 'true'],
    ['crashReportingEnabled', 'true'],
    ['urAccepted', '3'],
    ['autoUpgradeIntervalH', '12'],
    ['insecureAllowOldTLSVersions', 'true'],
    ['connectionLimitEnough', '1'],
    ['connectionLimitMax', '2'],
    ['featureFlag', 'x'],
  ])('%s %j is refused by name', (name, value) => {
    expect(() => templateOptions(template(`<${name}>${value}</${name}>`))).toThrow(`${name} is refused: `);
  });

  test.each([
    ['maxSendKbps', 'fast', 'maxSendKbps must be a whole number'],
    ['maxSendKbps', '-1', 'maxSendKbps must be a whole number'],
    ['maxSendKbps', '', 'maxSendKbps must be a whole number'],
    ['limitBandwidthInLan', 'yes', 'limitBandwidthInLan must be true or false'],
    ['alwaysLocalNet', 'everywhere', 'alwaysLocalNet must be a network'],
    ['maxSendKbsp', '1', 'maxSendKbsp is no option that the driver knows'],
    ['x:relaysEnabled', 'true', 'x:relaysEnabled is no option that the driver knows'],
    ['RelaysEnabled', 'true', 'RelaysEnabled is no option that the driver knows'],
  ])('%s %j is refused with a reason', (name, value, reason) => {
    expect(() => templateOptions(template(`<${name}>${value}</${name}>`))).toThrow(reason);
  });

  test('everything that is wrong is said at once, and no value is repeated', () => {
    const text = template('<relaysEnabled>hunter2</relaysEnabled>', '<maxSendKbps>hunter3</maxSendKbps>');
    expect(() => templateOptions(text)).toThrow(
      /^relaysEnabled is refused: .*; leave it out; maxSendKbps must be a whole number$/,
    );
  });

  test('Syncthing’s own address beside another one does not make that pass', () => {
    const text = template(
      '<listenAddress>default</listenAddress>',
      '<listenAddress>tcp://0.0.0.0:22000</listenAddress>',
    );
    expect(() => templateOptions(text)).toThrow('listenAddress is refused: ');
  });

  test('one option twice, or in two sections, is refused', () => {
    const one = '<options><maxSendKbps>1</maxSendKbps></options>';
    expect(() => templateOptions(`<configuration>${one}${one}</configuration>`)).toThrow(
      'stands there twice',
    );
  });

  test.each(['', 'relays: off', '<html></html>', '<configuration><options></configuration>'])(
    '%j is no configuration',
    (text) => {
      expect(() => templateOptions(text)).toThrow('not a <configuration> document');
    },
  );

  test('property: whatever is taken is one of the closed list and has no markup', () => {
    const name = fc.constantFrom('maxSendKbps', 'relaysEnabled', 'listenAddress', 'keepTemporariesH', 'gui');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string())), (options) => {
        const text = template(...options.map(([key, value]) => `<${key}>${value}</${key}>`));
        let taken: readonly { readonly name: string; readonly value: string }[] = [];
        try {
          ({ taken } = templateOptions(text));
        } catch {
          return;
        }
        for (const option of taken) {
          expect(['maxSendKbps', 'keepTemporariesH']).toContain(option.name);
          expect(option.value).toMatch(/^\d+$/);
        }
      }),
    );
  });
});
