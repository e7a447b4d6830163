import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { namespaceFailure } from './diagnosis.ts';

async function diagnose(sysctls: Readonly<Record<string, string>>, userNamespace = true) {
  const directory = await mkdtemp(join(tmpdir(), 'sysctl-'));
  try {
    for (const [name, value] of Object.entries(sysctls)) {
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await writeFile(join(directory, name), `${value}\n`);
    }
    return await namespaceFailure({ userNamespace, said: 'unshare failed\n', sysctls: directory });
  } finally {
    await rm(directory, { recursive: true });
  }
}

test.each([
  ['user/max_user_namespaces', '0', 'user.max_user_namespaces=15000'],
  ['kernel/unprivileged_userns_clone', '0', 'kernel.unprivileged_userns_clone=1'],
  ['kernel/apparmor_restrict_unprivileged_userns', '1', 'kernel.apparmor_restrict_unprivileged_userns=0'],
])('%s = %s is named with the command that changes it, and sudo', async (file, value, command) => {
  const failure = await diagnose({ [file]: value });
  expect(failure.code).toBe('NAMESPACES_UNAVAILABLE');
  expect(failure.message).toContain(`${file.replace('/', '.')} is ${value}`);
  expect(failure.hint).toBe(
    `Switch them on until the next boot:\n  sudo sysctl -w ${command}\nor run the same command with sudo.`,
  );
});

test('several switches are all named', async () => {
  const failure = await diagnose({
    'user/max_user_namespaces': '0',
    'kernel/unprivileged_userns_clone': '0',
  });
  expect(failure.hint?.match(/sudo sysctl -w/g)).toHaveLength(2);
});

test('when no switch is off, what unshare said is told and no sysctl is suggested', async () => {
  const failure = await diagnose({
    'user/max_user_namespaces': '1000',
    'kernel/unprivileged_userns_clone': '1',
  });
  expect(failure.message).toContain('(unshare failed)');
  expect(failure.hint).not.toContain('sysctl -w');
});

test('without a user namespace the switches of ordinary users are not blamed', async () => {
  const failure = await diagnose({ 'user/max_user_namespaces': '0' }, false);
  expect(failure.message).toContain('(unshare failed)');
  expect(failure.hint).not.toContain('sysctl');
});
