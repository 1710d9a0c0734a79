import { expect, test } from 'vitest';
import { caFiles, mergeNpmSettings } from './npm-settings.ts';

test('what the machine means by itself stays behind, what the registry needs goes along', () => {
  const global = 'cafile=/etc/ca.pem\nprefix = /usr/local\n';
  const user =
    '; a comment\n# another\nregistry=https://npm.example/\n//npm.example/:_authToken=secret==\naudit = false\n\n';
  expect(mergeNpmSettings([global, user], {})).toBe(
    'registry=https://npm.example/\n//npm.example/:_authToken=secret==\naudit = false\n',
  );
});

test('the environment comes last, in whatever case', () => {
  const settings = mergeNpmSettings(['registry=https://a.example/'], {
    NPM_CONFIG_REGISTRY: 'https://b.example/',
    npm_config_https_proxy: 'http://p:1',
    npm_config_cache: '/x',
    npm_config_proxy: '',
  });
  expect(settings).toBe('registry=https://a.example/\nregistry=https://b.example/\nhttps-proxy=http://p:1\n');
});

test('a value that is kept in the environment is filled in, since the build has no such variable', () => {
  const user = '//npm.example/:_authToken=${TOKEN}\nother=${MISSING}\n';
  expect(mergeNpmSettings([user], { TOKEN: 'secret' })).toBe(
    '//npm.example/:_authToken=secret\nother=${MISSING}\n',
  );
});

test('authorities come from the settings and from Node, each once', () => {
  const environment = { NODE_EXTRA_CA_CERTS: '/etc/node.pem' };
  expect(caFiles(['cafile = "/etc/a.pem"', 'cafile=/etc/node.pem'], environment)).toEqual([
    '/etc/a.pem',
    '/etc/node.pem',
  ]);
  expect(caFiles([], {})).toEqual([]);
});
