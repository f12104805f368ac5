/** What an error is about, noted where it is known, so that a page can say it in the right place. */
import type { About } from '../protocol.ts';

export interface Concern {
  about: About;
  /** Of data: the record. */
  record?: string;
}

const concerns = new WeakMap<object, Concern>();

/** Errors of this work are about that, unless something within knew better. */
export async function concerning<T>(concern: Concern, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (typeof error === 'object' && error !== null && !concerns.has(error)) concerns.set(error, concern);
    throw error;
  }
}

export function concernOf(error: unknown): Concern | undefined {
  return typeof error === 'object' && error !== null ? concerns.get(error) : undefined;
}
