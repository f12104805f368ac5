/** Scalars that the host works out at each step: a learning rate, the count of a `repeat`. */
export type HostExpr =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'step' | 'epoch' | 'progress' }
  | { readonly kind: 'unary'; readonly op: HostUnary; readonly operand: HostExpr }
  | { readonly kind: 'binary'; readonly op: HostBinary; readonly left: HostExpr; readonly right: HostExpr }
  | { readonly kind: 'if'; readonly condition: HostExpr; readonly then: HostExpr; readonly else: HostExpr };

/** Comparisons and logic give 0 or 1; `not` too. `mod` takes the divisor's sign. */
export type HostUnary =
  | 'neg'
  | 'not'
  | 'exp'
  | 'log'
  | 'log2'
  | 'sqrt'
  | 'square'
  | 'abs'
  | 'sign'
  | 'sin'
  | 'cos'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'tanh'
  | 'sigmoid';
export type HostBinary =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'mod'
  | 'pow'
  | 'minimum'
  | 'maximum'
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'and'
  | 'or';
