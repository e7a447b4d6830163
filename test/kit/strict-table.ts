/**
 * A table that takes commands as the kernel does and throws where it would refuse: what is missing, what
 * is still referred to, what is there already with another meaning. Also says what a packet can reach.
 */
import type { NftCommand } from '../../src/nft/commands.ts';
import type { JsonChain, JsonElement, JsonRule, JsonStatement, JsonTable } from '../../src/nft/json.ts';

interface StrictSet {
  readonly declared: string;
  readonly elements: Map<string, string>;
}

interface StrictChain {
  readonly hook: string | null;
  readonly declared: JsonChain;
  readonly rules: JsonRule[];
}

export class StrictTable {
  /** null: there is none. */
  #table: JsonTable | null = null;
  readonly #chains = new Map<string, StrictChain>();
  /** Sets and maps; a map's values are verdicts. */
  readonly #sets = new Map<string, StrictSet>();

  commit(commands: readonly NftCommand[]): void {
    for (const [index, command] of commands.entries()) {
      try {
        this.#apply(command);
      } catch (cause) {
        throw new Error(`command ${index} ${JSON.stringify(command)}: ${String(cause)}`, { cause });
      }
    }
  }

  get exists(): boolean {
    return this.#table !== null;
  }

  /** Another one that holds the same. */
  copy(): StrictTable {
    const copy = new StrictTable();
    copy.#table = this.#table;
    for (const [name, chain] of this.#chains) copy.#chains.set(name, { ...chain, rules: [...chain.rules] });
    for (const [name, set] of this.#sets) {
      copy.#sets.set(name, { ...set, elements: new Map(set.elements) });
    }
    return copy;
  }

  /** As `nft -j list table` prints it; null: there is no table. */
  listing(): { readonly nftables: readonly object[] } | null {
    if (this.#table === null) return null;
    const where = { family: this.#table.family, table: this.#table.name };
    const sets = [...this.#sets].map(([name, { declared, elements }]) => {
      const { map, ...rest } = JSON.parse(declared) as { readonly map?: string };
      const elem = [...elements].map(([key, verdict]) =>
        map === undefined ? JSON.parse(key) : [JSON.parse(key), JSON.parse(verdict)],
      );
      const body = { ...where, name, ...rest, ...(elem.length > 0 ? { elem } : {}) };
      return map === undefined ? { set: body } : { map: { ...body, map } };
    });
    return {
      nftables: [
        { table: this.#table },
        ...sets,
        ...[...this.#chains.values()].map(({ declared }) => ({ chain: declared })),
        ...[...this.#chains.values()].flatMap(({ rules }) => rules.map((rule) => ({ rule }))),
      ],
    };
  }

  /** Everything packets can meet, as text: chains from the hooks down, with the sets they ask. */
  reachable(): string {
    const seen = new Map<string, unknown>();
    const visit = (name: string): void => {
      if (seen.has(name)) return;
      const chain = this.#chains.get(name);
      const set = this.#sets.get(name);
      seen.set(name, chain ?? [...(set?.elements ?? [])].sort());
      for (const target of chain ? chain.rules.flatMap(referencesOf) : targetsOf(set)) visit(target);
    };
    for (const [name, { hook }] of this.#chains) if (hook !== null) visit(name);
    return JSON.stringify([...seen].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #apply(command: NftCommand): void {
    if ('flush' in command) {
      if ('chain' in command.flush) this.#chain(command.flush.chain.name).rules.length = 0;
      else this.#set(command.flush.set.name).elements.clear();
    } else if ('add' in command) this.#add(command.add);
    else this.#delete(command.delete);
  }

  #add(body: Extract<NftCommand, { add: unknown }>['add']): void {
    if ('table' in body) this.#table ??= body.table;
    else if (this.#table === null) throw new Error('no table');
    else if ('chain' in body) {
      const { family, name, hook, dev, prio, policy } = body.chain;
      if (hook !== undefined && (family === 'netdev') !== (dev !== undefined))
        throw new Error('a chain of netdev is hooked to a device, and no other is');
      const hooked = hook === undefined ? null : `${hook} ${dev} ${prio} ${policy}`;
      const present = this.#chains.get(name);
      if (present && present.hook !== hooked) throw new Error('chain exists with another hook');
      if (!present) this.#chains.set(name, { hook: hooked, declared: body.chain, rules: [] });
    } else if ('rule' in body) {
      for (const name of referencesOf(body.rule)) this.#exist(name);
      this.#chain(body.rule.chain).rules.push(body.rule);
    } else if ('set' in body) {
      const { name, type, flags, elem = [] } = body.set;
      const set = this.#declare(name, JSON.stringify({ type, flags }));
      for (const element of elem) set.elements.set(JSON.stringify(element), '');
    } else {
      const { name, type, map, elem = [] } = body.map;
      const set = this.#declare(name, JSON.stringify({ type, map }));
      for (const [key, verdict] of elem) {
        const text = JSON.stringify(verdict);
        if ('goto' in verdict) this.#chain(verdict.goto.target);
        const present = set.elements.get(JSON.stringify(key));
        if (present !== undefined && present !== text) throw new Error('element exists with another verdict');
        set.elements.set(JSON.stringify(key), text);
      }
    }
  }

  #delete(body: Extract<NftCommand, { delete: unknown }>['delete']): void {
    if ('table' in body) {
      if (this.#table === null) throw new Error('no table');
      this.#table = null;
      this.#chains.clear();
      this.#sets.clear();
    } else if ('element' in body) {
      const { elements } = this.#set(body.element.name);
      for (const element of body.element.elem as readonly JsonElement[]) {
        if (!elements.delete(JSON.stringify(element)))
          throw new Error(`no element ${JSON.stringify(element)}`);
      }
    } else if ('chain' in body) {
      this.#chain(body.chain.name);
      this.#unreferenced(body.chain.name);
      this.#chains.delete(body.chain.name);
    } else {
      const { name } = 'set' in body ? body.set : body.map;
      this.#set(name);
      this.#unreferenced(name);
      this.#sets.delete(name);
    }
  }

  #declare(name: string, declared: string): StrictSet {
    const present = this.#sets.get(name);
    if (present && present.declared !== declared) throw new Error('set exists with another type');
    const set = present ?? { declared, elements: new Map<string, string>() };
    this.#sets.set(name, set);
    return set;
  }

  #chain(name: string): { rules: JsonRule[] } {
    const chain = this.#chains.get(name);
    if (!chain) throw new Error(`no chain ${name}`);
    return chain;
  }

  #set(name: string): StrictSet {
    const set = this.#sets.get(name);
    if (!set) throw new Error(`no set ${name}`);
    return set;
  }

  #exist(name: string): void {
    if (!this.#chains.has(name) && !this.#sets.has(name)) throw new Error(`${name} does not exist`);
  }

  #unreferenced(name: string): void {
    for (const [chain, { rules }] of this.#chains) {
      if (rules.some((rule) => referencesOf(rule).includes(name)))
        throw new Error(`${chain} refers to ${name}`);
    }
    for (const [map, set] of this.#sets) {
      if (targetsOf(set).includes(name)) throw new Error(`an element of ${map} refers to ${name}`);
    }
  }
}

function referencesOf({ expr }: JsonRule): readonly string[] {
  return expr.flatMap((statement: JsonStatement): readonly string[] => {
    if ('jump' in statement) return [statement.jump.target];
    if ('goto' in statement) return [statement.goto.target];
    if ('vmap' in statement) return [statement.vmap.data.slice(1)];
    if (!('match' in statement)) return [];
    const { right } = statement.match;
    return typeof right === 'string' && right.startsWith('@') ? [right.slice(1)] : [];
  });
}

function targetsOf(set: StrictSet | undefined): readonly string[] {
  return [...(set?.elements.values() ?? [])].flatMap((text) => {
    const target = /"target":"([^"]+)"/.exec(text)?.[1];
    return target === undefined ? [] : [target];
  });
}
