/** Who is in a set of members, as an injective key and as words for people. */
import type { Selector } from '../model/labels.ts';
import type { Block } from '../net/block.ts';
import { groupKey } from '../policy/group.ts';
import type { MemberScope } from '../policy/member-set.ts';
import { canonicalSelector } from '../policy/selector.ts';

/** Equal for equal meanings only, in whatever order they were written. */
export function scopeKey(scope: MemberScope): readonly unknown[] {
  switch (scope.kind) {
    case 'group':
      return ['group', groupKey(scope.group)];
    case 'blocks': {
      const [first, ...others] = scope.blocks.map(blockKey).sort();
      return others.length === 0
        ? ['block', ...(JSON.parse(first ?? '[]') as unknown[])]
        : ['blocks', first, ...others];
    }
    case 'all':
      return ['all'];
  }
}

function blockKey({ cidr, except }: Block): string {
  return JSON.stringify([cidr, [...except].sort()]);
}

export function scopeText(scope: MemberScope): string {
  switch (scope.kind) {
    case 'group': {
      const { namespaces, pods } = scope.group;
      const where =
        namespaces.kind === 'named' ? `namespace ${namespaces.name}` : namespacesText(namespaces.selector);
      return `${podsText(pods)} in ${where}`;
    }
    case 'blocks':
      return blocksText(scope.blocks);
    case 'all':
      return 'all pods';
  }
}

/** `10.0.0.0/8 except 10.1.0.0/16, fd00::/8` */
export function blocksText(blocks: readonly Block[]): string {
  return listed(blocks, ', ', ({ cidr, except }) =>
    `${cidr} ${listed(except, ' ', (each) => `except ${each}`)}`.trim(),
  );
}

/** A list of thousands says enough in its beginning. */
const MOST_LISTED = 8;

export function listed<Item>(
  items: readonly Item[],
  separator: string,
  text: (item: Item) => string = String,
): string {
  const rest = items.length - MOST_LISTED;
  const first = items.slice(0, MOST_LISTED).map(text);
  return (rest > 0 ? [...first, `and ${rest} more`] : first).join(separator);
}

function podsText(selector: Selector): string {
  return isEverything(selector) ? 'all pods' : canonicalSelector(selector);
}

function namespacesText(selector: Selector): string {
  return isEverything(selector) ? 'all namespaces' : `namespaces ${canonicalSelector(selector)}`;
}

function isEverything(selector: Selector): boolean {
  return selector.kind === 'requirements' && selector.requirements.length === 0;
}
