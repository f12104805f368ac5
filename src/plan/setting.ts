/** In which setting an expression is evaluated, and how the calls in it read the weights of their nets. */
import type { Copy } from '../ir/graph.ts';
import type { Count } from '../ir/types.ts';
import type { NetCall, StateTerm } from '../model/model.ts';

/** The moment at which an expression is evaluated. */
export interface Setting {
  /** Batch statistics and dropout; otherwise everything runs as outputs do. */
  readonly training: boolean;
  /** The weights that a plain call of a net reads. */
  readonly copy: 'live' | 'output';
  source(name: string): { readonly version: number; readonly count: Count };
  /** The version of a state, and how many examples it holds (null: it is whole). */
  state(term: StateTerm): { readonly version: number; readonly count: Count | null };
  /** How many examples a draw holds that meets nothing: the phase's `batch`, as a number where it is fixed. */
  readonly batch: Count;
  weight(copy: Copy, name: string): number;
  stat(copy: Copy, name: string): number;
  /** The version of the latest `sample`. */
  readonly draw: number;
  /** Whether an average of this net is kept, for nets that an averaged net calls. */
  keepsAverage(net: string): boolean;
  /**
   * Asks for the power iteration of this version of a kernel and returns the version that `u` and `v` then have; null
   * where the evaluation moves nothing.
   */
  iterate(kernel: string, version: number, u: string, v: string): number | null;
}

/** How the weights of a net are read inside a call. */
export interface Use {
  readonly training: boolean;
  readonly copy: Copy;
  /** Gradients don't reach the weights (a live net called by an averaged one). */
  readonly detached: boolean;
}

/** How a call reads its net's weights, inside a call that reads its own as `outer`. */
export function useOf(setting: Setting, outer: Use, call: Pick<NetCall, 'net' | 'variant'>): Use {
  const { copy } = outer;
  if (call.variant === 'frozen' || copy === 'frozen') {
    return { training: false, copy: 'frozen', detached: false };
  }
  if (call.variant === 'averaged') return { training: false, copy: 'averaged', detached: false };
  if (copy === 'averaged' || outer.detached) {
    // `average N` keeps N's own weights alone: the nets that N calls have theirs, or stay as they are.
    if (setting.keepsAverage(call.net)) return { training: false, copy: 'averaged', detached: false };
    return { training: false, copy: setting.copy, detached: true };
  }
  if (call.variant === 'live') return { training: false, copy: 'live', detached: false };
  return outer;
}
