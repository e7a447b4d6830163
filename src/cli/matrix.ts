import { Failure } from '../model/failure.ts';

export async function matrixCommand(_options: unknown, _terminal: unknown): Promise<number> {
  throw new Failure('USAGE', 'matrix is being written');
}
