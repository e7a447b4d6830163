/** Who reaches what through Services: their ClusterIPs, and their NodePorts on every node. */
import { type Address, familyOf } from '../model/address.ts';
import type { Protocol } from '../model/protocol.ts';
import type { Service } from '../model/service.ts';
import { type End, endName } from '../world/place.ts';
import type { World } from '../world/world.ts';
import { type AskedCell, type Cell, type MatrixScope, matrixEnds, UNCHECKED } from './matrix.ts';
import { type Route, routeAllowed } from './route.ts';
import { type Asked, clusterIpRoutes, endpointsOf, nodePortRoutes } from './service-routes.ts';

export function askServiceCells(world: World, scope: MatrixScope): readonly AskedCell[] {
  const clients = matrixEnds(world, scope);
  const services = servicesOf(world, scope);
  return clients.flatMap((client) => services.flatMap((service) => cellsOfService(world, client, service)));
}

/** `80/TCP of svc/shop/api (no endpoint)`: what has no column, and why. */
export function undialledServices(world: World, scope: MatrixScope): readonly string[] {
  return servicesOf(world, scope).flatMap((service): readonly string[] => {
    if (service.clusterAddresses.length === 0) return [`${nameOf(service)} (no ClusterIP)`];
    const why = service.selector === null ? 'no selector' : 'no endpoint';
    return service.ports
      .filter((port) => endpointsOf(world, service, port).length === 0)
      .map(({ port, protocol }) => `${port}/${protocol} of ${nameOf(service)} (${why})`);
  });
}

function servicesOf(world: World, scope: MatrixScope): readonly Service[] {
  return [...world.services.values()]
    .filter(({ namespace }) => scope.namespace === null || namespace === scope.namespace)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function nameOf({ namespace, name }: Service): string {
  return `svc/${namespace}/${name}`;
}

interface Dialled {
  /** `svc/shop/api`, or `svc/shop/api at node-b` for its NodePort there. */
  readonly name: string;
  readonly address: Address;
  readonly port: number;
  readonly protocol: Protocol;
}

function cellsOfService(world: World, client: End, service: Service): readonly AskedCell[] {
  return service.ports.flatMap((port): readonly AskedCell[] => {
    const { protocol, nodePort } = port;
    const endpoints = endpointsOf(world, service, port);
    const asked = (address: Address): Asked => ({ service, port, family: familyOf(address), endpoints });
    // There is no way to a ClusterIP from outside.
    const addresses = client.kind === 'internet' ? [] : service.clusterAddresses;
    const direct = addresses.flatMap((address) =>
      cellOf(world, client, clusterIpRoutes(world, client, asked(address)), {
        name: nameOf(service),
        address,
        port: port.port,
        protocol,
      }),
    );
    if (nodePort === null) return direct;
    const families = new Set(service.clusterAddresses.map(familyOf));
    const entered = [...world.snapshot.nodes.values()].flatMap((node) =>
      node.addresses
        .filter((address) => families.has(familyOf(address)))
        .flatMap((address) =>
          cellOf(world, client, nodePortRoutes(world, client, node, asked(address)), {
            name: `${nameOf(service)} at ${node.name}`,
            address,
            port: nodePort,
            protocol,
          }),
        ),
    );
    return [...direct, ...entered];
  });
}

function cellOf(
  world: World,
  source: End,
  routes: readonly Route[],
  { name, address, port, protocol }: Dialled,
): readonly AskedCell[] {
  if (routes.length === 0) return [];
  const admitted = routes.filter((route) => routeAllowed(world, route)).length;
  const verb = admitted === 1 ? 'is' : 'are';
  const meaning: Pick<Cell, 'policies' | 'why'> =
    admitted === 0 || admitted === routes.length
      ? { policies: admitted === 0 ? 'denied' : 'allowed', why: null }
      : {
          policies: 'unknown',
          why: `which endpoint is chosen: ${admitted} of ${routes.length} ${verb} allowed`,
        };
  const cell: Cell = {
    source: endName(source),
    destination: name,
    protocol,
    port,
    declared: true,
    family: familyOf(address),
    ...meaning,
    ...UNCHECKED,
  };
  return [{ source, dialled: address, routes, cell }];
}
