import type { Pod } from '../../src/model/cluster.ts';

/** A pod of the model where little about it matters: of shop, on node-a, running, without ports and addresses. */
export function modelPod(name: string, over: Partial<Pod> = {}): Pod {
  return {
    namespace: 'shop',
    name,
    uid: name,
    labels: new Map([['app', name]]),
    node: 'node-a',
    addresses: [],
    hostNetwork: false,
    phase: 'Running',
    deleting: false,
    created: 0,
    ports: [],
    ...over,
  };
}
