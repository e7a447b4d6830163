import { readFile } from 'node:fs/promises';
import { Failure } from '../../model/failure.ts';

interface Switch {
  readonly file: string;
  readonly name: string;
  readonly refuses: (value: number) => boolean;
  readonly on: string;
  readonly meaning: string;
}

/** The three ways in which distributions keep ordinary users from making namespaces. */
const switches: readonly Switch[] = [
  {
    file: 'user/max_user_namespaces',
    name: 'user.max_user_namespaces',
    refuses: (value) => value === 0,
    on: '15000',
    meaning: 'no user namespace may be made',
  },
  {
    file: 'kernel/unprivileged_userns_clone',
    name: 'kernel.unprivileged_userns_clone',
    refuses: (value) => value === 0,
    on: '1',
    meaning: 'ordinary users may not make user namespaces',
  },
  {
    file: 'kernel/apparmor_restrict_unprivileged_userns',
    name: 'kernel.apparmor_restrict_unprivileged_userns',
    refuses: (value) => value !== 0,
    on: '0',
    meaning: 'AppArmor takes the capabilities away from user namespaces of ordinary users',
  },
];

export interface NamespaceTrouble {
  readonly userNamespace: boolean;
  /** What setpriv, unshare or mount said. */
  readonly said: string;
  /** Where to look for the switches; /proc/sys but in tests. */
  readonly sysctls?: string;
}

/** Why the lab's namespaces could not be made, with the exact commands that would allow them. */
export async function namespaceFailure(trouble: NamespaceTrouble): Promise<Failure> {
  const said = trouble.said.trim();
  const quoted = said === '' ? '' : ` (${said.split('\n').join('; ')})`;
  if (!trouble.userNamespace) {
    return new Failure('NAMESPACES_UNAVAILABLE', `namespaces cannot be made here${quoted}`, {
      hint: 'A container or a security module forbids it although this user has the capabilities; run the lab on the machine itself.',
    });
  }
  const off = (
    await Promise.all(
      switches.map(async (one) => {
        const text = await readFile(`${trouble.sysctls ?? '/proc/sys'}/${one.file}`, 'utf8').catch(
          () => null,
        );
        return text !== null && one.refuses(Number(text)) ? { ...one, value: text.trim() } : null;
      }),
    )
  ).filter((one) => one !== null);
  if (off.length === 0) {
    return new Failure('NAMESPACES_UNAVAILABLE', `this user may not make namespaces here${quoted}`, {
      hint: 'No known sysctl forbids it, so a container or a security module does: allow namespaces and mounting /proc there (docker run --privileged), or run the same command with sudo.',
    });
  }
  const reasons = off.map((one) => `${one.name} is ${one.value}: ${one.meaning}`).join('; ');
  const commands = off.map((one) => `  sudo sysctl -w ${one.name}=${one.on}`).join('\n');
  return new Failure('NAMESPACES_UNAVAILABLE', `unprivileged user namespaces are switched off: ${reasons}`, {
    hint: `Switch them on until the next boot:\n${commands}\nor run the same command with sudo.`,
  });
}
