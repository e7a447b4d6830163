/** What a question names: one or more ends, reached directly or through a Service. */
import type { Protocol } from '../model/protocol.ts';
import type { Service } from '../model/service.ts';
import type { End } from './place.ts';

export interface Target {
  /** As it is printed: `shop/web`, `svc/shop/api`, `deploy/shop/web`. */
  readonly name: string;
  /** More than one for a Service's pods, and for a workload whose pods have several label sets. */
  readonly ends: readonly End[];
  readonly service: Service | null;
}

export interface PortQuestion {
  /** A number, or the name of a Service's or container's port. */
  readonly port: number | string;
  /** null: as declared under that name, else TCP. */
  readonly protocol: Protocol | null;
}
