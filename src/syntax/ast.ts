/**
 * The syntax tree as the checker reads it: what was written, with its places, but without brackets, commas and comments.
 * The whole text is in `File.tree`. Nothing is resolved here.
 */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { TreeNode } from './tree.ts';

export interface Name {
  readonly text: string;
  readonly span: Span;
}

export interface File {
  readonly path: string;
  readonly declarations: readonly Declaration[];
  /** The whole text: with comments, blank lines and brackets as they were written. */
  readonly tree: TreeNode;
  /** `// allow GAN0412`: the codes silenced on the line after the comment (0-based line of the comment). */
  readonly allowances: readonly {
    readonly line: number;
    readonly codes: readonly string[];
    readonly span: Span;
  }[];
}

interface Declared {
  readonly span: Span;
  /** The run of `///` lines above, without the slashes; '' where there is none. */
  readonly doc: string;
  /** The parser met a mistake in it: what it stands for is a guess. */
  readonly broken: boolean;
}

export type Declaration =
  | ParamDecl
  | DataDecl
  | NoiseDecl
  | InitDecl
  | NetDecl
  | OptimizerDecl
  | StateDecl
  | DefDecl
  | LetDecl
  | ValueDecl
  | TrainDecl
  | UseDecl
  | ErrorDecl;

export interface ParamDecl extends Declared {
  readonly kind: 'param';
  readonly name: Name;
  readonly value: Expr;
}
/** `data x ~ T from "…" (stride = 1)`, or `data (x, y) ~ (T, U)`; the names and types run in parallel. */
export interface DataDecl extends Declared {
  readonly kind: 'data';
  readonly names: readonly Name[];
  readonly types: readonly TypeExpr[];
  readonly from?: StringLiteral;
  /** How the source is read. */
  readonly args: readonly Arg[];
}
export interface NoiseDecl extends Declared {
  readonly kind: 'noise';
  readonly name: Name;
  readonly dist: DistExpr;
}
export interface InitDecl extends Declared {
  readonly kind: 'init';
  readonly slot: Name;
  readonly dist: DistExpr;
}
export interface NetDecl extends Declared {
  readonly kind: 'net';
  readonly name: Name;
  /** `net c[6](…)`: how many nets the list has. */
  readonly count?: Expr;
  readonly params: readonly { readonly name: Name; readonly type: TypeExpr }[];
  readonly result: NetResult;
  readonly from?: StringLiteral;
  readonly body: Expr;
}
export type NetResult =
  | { readonly kind: 'single'; readonly type: TypeExpr; readonly span: Span }
  | {
      readonly kind: 'named';
      readonly fields: readonly { readonly name: Name; readonly type: TypeExpr }[];
      readonly span: Span;
    };
export interface OptimizerDecl extends Declared {
  readonly kind: 'optimizer';
  readonly name: Name;
  readonly value: Expr;
}
/** `state p = 0` is a whole value, `state a ~ normal[2]` one of each example; `count` where it has one of its own. */
export interface StateDecl extends Declared {
  readonly kind: 'state';
  readonly name: Name;
  readonly start:
    | { readonly kind: 'value'; readonly value: Expr }
    | { readonly kind: 'draw'; readonly count?: Expr; readonly dist: DistExpr };
}
export interface DefDecl extends Declared {
  readonly kind: 'def';
  readonly name: Name;
  readonly params: readonly { readonly name: Name; readonly default?: Expr }[];
  readonly body: Expr;
}
export interface LetDecl extends Declared {
  readonly kind: 'let';
  readonly pattern: Pattern;
  readonly value: Expr;
}
export interface ValueDecl extends Declared {
  readonly kind: 'loss' | 'metric' | 'output';
  readonly name: Name;
  readonly value: Expr;
}
export interface TrainDecl extends Declared {
  readonly kind: 'train';
  readonly name?: Name;
  /** The keyword, for messages about an unnamed phase. */
  readonly keyword: Span;
  readonly args: readonly Arg[];
  readonly body: readonly Statement[];
}
export interface UseDecl extends Declared {
  readonly kind: 'use';
  readonly path: StringLiteral;
}

/** One that lost its name or another part that it cannot be without. */
export interface ErrorDecl extends Declared {
  readonly kind: 'error';
}

export type Pattern =
  | { readonly kind: 'name'; readonly name: Name }
  | { readonly kind: 'tuple'; readonly names: readonly Name[]; readonly span: Span };

/** `[28, 28, 1]` has `base` 'tensor'; `image[…]`, `label[…]`, `sound[…]` theirs (unknown words are kept for the checker). */
export interface TypeExpr {
  readonly base: Name | null;
  readonly dims: readonly Expr[];
  readonly span: Span;
}
/** `normal(0, 1)[100]`, `categorical[10]`, `glorot_uniform`. `shape` is null where none was written. */
export interface DistExpr {
  readonly name: Name;
  readonly args: readonly Arg[];
  readonly shape: readonly Expr[] | null;
  readonly span: Span;
}

export interface Arg {
  readonly name?: Name;
  readonly value: Expr;
  readonly span: Span;
}

export interface StringLiteral {
  readonly kind: 'string';
  readonly value: string;
  readonly span: Span;
}

export type BinaryOp =
  | '||'
  | '&&'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^';

export type Expr =
  | { readonly kind: 'number'; readonly value: number; readonly text: string; readonly span: Span }
  | StringLiteral
  | { readonly kind: 'boolean'; readonly value: boolean; readonly span: Span }
  | { readonly kind: 'name'; readonly name: string; readonly span: Span }
  | { readonly kind: 'list'; readonly items: readonly Expr[]; readonly span: Span }
  /** `(a, b)` or `(mu = a, logvar = b)`; one element without a name is the element itself and never a tuple. */
  | {
      readonly kind: 'tuple';
      readonly items: readonly { readonly name?: Name; readonly value: Expr }[];
      readonly span: Span;
    }
  /** A long chain of one precedence nests to the left; walkers must not recurse on `left` without end (256 at most). */
  | {
      readonly kind: 'binary';
      readonly op: BinaryOp;
      readonly opSpan: Span;
      readonly left: Expr;
      readonly right: Expr;
      readonly span: Span;
    }
  | { readonly kind: 'unary'; readonly op: '-' | '!'; readonly operand: Expr; readonly span: Span }
  | {
      readonly kind: 'if';
      readonly condition: Expr;
      readonly then: Expr;
      readonly else: Expr;
      readonly span: Span;
    }
  /** The callee is a name: `f`, `G.averaged`, `c[k]`. */
  | { readonly kind: 'call'; readonly callee: Callee; readonly args: readonly Arg[]; readonly span: Span }
  | { readonly kind: 'field'; readonly object: Expr; readonly field: Name; readonly span: Span }
  /** `c[k]`: one net of a list. */
  | { readonly kind: 'index'; readonly object: Expr; readonly index: Expr; readonly span: Span }
  /** A whole pipeline, flat, since it may be ten thousand stages long. */
  | { readonly kind: 'pipe'; readonly head: Expr; readonly stages: readonly Stage[]; readonly span: Span }
  | {
      readonly kind: 'block';
      readonly lets: readonly { readonly pattern: Pattern; readonly value: Expr; readonly span: Span }[];
      readonly result: Expr;
      readonly span: Span;
    }
  | { readonly kind: 'draw'; readonly dist: DistExpr; readonly span: Span }
  /** Where the parser recovered. A diagnostic has been given; the checker treats it as unknown, in silence. */
  | { readonly kind: 'error'; readonly span: Span };

export type ExprOf<K extends Expr['kind']> = Extract<Expr, { kind: K }>;

export interface Callee {
  readonly name: Name;
  /** Of a list of nets: which one. */
  readonly index?: Expr;
  /** `averaged`, `frozen`, `live`. */
  readonly field?: Name;
  readonly span: Span;
}

export type Stage =
  /** `relu`, `G.frozen`, `conv(64) as stem`. `args` is null where no parentheses were written. */
  | {
      readonly kind: 'stage';
      readonly callee: Callee;
      readonly args: readonly Arg[] | null;
      readonly as?: Name;
      readonly span: Span;
    }
  /** `each` is written out by the compiler, turn after turn; `repeat` is one loop at run time. */
  | (Counted & { readonly kind: 'each' })
  | (Counted & { readonly kind: 'repeat' })
  /** `scan h = h0 { … }`: a loop over the first axis of the piped value, which hands the state on. */
  | {
      readonly kind: 'scan';
      readonly state: Pattern;
      readonly initial: Expr;
      readonly stages: readonly Stage[];
      readonly span: Span;
    }
  /** `(if flag then batch_norm else instance_norm)`; `expr` is made of `if`s and names. */
  | { readonly kind: 'choice'; readonly expr: Expr; readonly span: Span }
  /** None was written, or the parser could make nothing of it. */
  | { readonly kind: 'error'; readonly span: Span };

/** `i in LIST { … }`. */
interface Counted {
  readonly variable: Name;
  readonly list: EachList;
  readonly stages: readonly Stage[];
  readonly span: Span;
}

export type EachList =
  | { readonly kind: 'values'; readonly expr: Expr; readonly span: Span }
  /** `1..4`, both ends included. */
  | { readonly kind: 'range'; readonly from: Expr; readonly to: Expr; readonly span: Span };

export type Statement =
  | { readonly kind: 'sample'; readonly count?: Expr; readonly sources: readonly Name[]; readonly span: Span }
  | UpdateStatement
  | { readonly kind: 'together'; readonly body: readonly Statement[]; readonly span: Span }
  | {
      readonly kind: 'repeat';
      readonly count: Expr;
      readonly body: readonly Statement[];
      readonly span: Span;
    }
  | {
      readonly kind: 'every';
      readonly period: Expr;
      readonly body: readonly Statement[];
      readonly span: Span;
    }
  | { readonly kind: 'once'; readonly body: readonly Statement[]; readonly span: Span }
  | {
      readonly kind: 'clip';
      readonly net: Name;
      readonly to: ClipBounds;
      readonly span: Span;
    }
  | { readonly kind: 'average'; readonly net: Name; readonly decay: Expr; readonly span: Span }
  | { readonly kind: 'error'; readonly span: Span }
  | { readonly kind: 'set'; readonly state: Name; readonly value: Expr; readonly span: Span }
  | { readonly kind: 'save' | 'restore'; readonly nets: readonly Name[]; readonly span: Span }
  /** Each branch with its condition; that of `else` has none. */
  | { readonly kind: 'if'; readonly branches: readonly Branch[]; readonly span: Span };

export interface Branch {
  readonly condition: Expr | null;
  readonly body: readonly Statement[];
  /** From the condition, or of `else` the braces, to the end. */
  readonly span: Span;
}

export type ClipBounds =
  | { readonly kind: 'range'; readonly low: Expr; readonly high: Expr }
  | { readonly kind: 'norm'; readonly most: Expr };

export interface UpdateStatement {
  readonly kind: 'update';
  readonly nets: readonly Name[];
  readonly direction: 'minimize' | 'maximize';
  readonly objective: Expr;
  /** A call (`adam(2e-4)`) or the name of a declared optimizer. */
  readonly optimizer: Expr;
  readonly span: Span;
}
