/**
 * The grammar of `.gan`, as a Chevrotain parser that makes a concrete syntax tree. Operators are one flat chain here;
 * `src/syntax` gives them their precedence. `gan.ebnf` is generated from this file.
 */
import {
  type CstNode,
  CstParser,
  type IParserErrorMessageProvider,
  type IToken,
  type ParserMethod,
  tokenMatcher,
} from 'chevrotain';
import * as t from './tokens.ts';

/** What went wrong, for `src/syntax/errors.ts`, which says it in words: packed into the exception's message. */
const errorMessageProvider: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, ruleName }) => `mismatch ${ruleName} ${expected.name}`,
  buildNotAllInputParsedMessage: ({ ruleName }) => `rest ${ruleName} -`,
  buildNoViableAltMessage: ({ ruleName }) => `choice ${ruleName} -`,
  buildEarlyExitMessage: ({ ruleName }) => `early ${ruleName} -`,
};

const touches = (left: IToken, right: IToken) => left.endOffset! + 1 === right.startOffset;

export class GanParser extends CstParser {
  /** The grammar is validated in tests, not at every start. */
  constructor(options: { readonly validate: boolean } = { validate: false }) {
    super([...t.vocabulary], {
      maxLookahead: 2,
      skipValidations: !options.validate,
      recoveryEnabled: true,
      nodeLocationTracking: 'onlyOffset',
      errorMessageProvider,
    });
    this.performSelfAnalysis();
  }

  // Recovery skips to where a rule around may go on. Inventing or dropping a single token would go on sooner, but what is
  // read after it is a guess, and every wrong guess one more error that the reader did not make.
  protected override canTokenTypeBeInsertedInRecovery(): boolean {
    return false;
  }
  protected override canTokenTypeBeDeletedInRecovery(): boolean {
    return false;
  }

  /** The `(` of a call touches what it calls; anywhere else it begins an expression of its own. */
  private readonly callTouches = () => {
    const next = this.LA(1);
    return next.tokenType === t.LParen && touches(this.LA(0), next);
  };

  /** `repeat i …` and `scan h …` begin a loop; `repeat` and `scan` alone are names like any other. */
  private readonly repeats = () => {
    const next = this.LA(2);
    return this.LA(1).tokenType === t.Repeat && isName(next) && next.tokenType !== t.As;
  };
  private readonly scans = () => {
    const [word, next] = [this.LA(1), this.LA(2)];
    if (word.tokenType !== t.Scan) return false;
    return isName(next) ? next.tokenType !== t.As : next.tokenType === t.LParen && !touches(word, next);
  };

  /** The `[` of a place in a list touches the list's name. */
  private readonly indexTouches = () => {
    const next = this.LA(1);
    return next.tokenType === t.LSquare && touches(this.LA(0), next);
  };

  /** One or more, with one trailing comma allowed. Once in a rule: it takes the rule's first places of these kinds. */
  private commaSeparated(item: ParserMethod<[], CstNode>): void {
    this.SUBRULE(item);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.SUBRULE2(item);
    });
    this.OPTION9(() => this.CONSUME2(t.Comma));
  }

  /** `i in 1..n`, or `i in` a list. Once in a rule, as `commaSeparated`. */
  private counted(): void {
    this.CONSUME(t.Identifier);
    this.CONSUME(t.In);
    this.SUBRULE(this.expression);
    this.OPTION(() => {
      this.CONSUME(t.DotDot);
      this.SUBRULE2(this.expression);
    });
  }

  /** `{ … |> … }`: the stages of a loop. Once in a rule, as `commaSeparated`. */
  private turns(): void {
    this.CONSUME(t.LCurly);
    this.SUBRULE(this.stage);
    this.MANY(() => {
      this.CONSUME(t.Pipe);
      this.SUBRULE2(this.stage);
    });
    this.CONSUME(t.RCurly);
  }

  file = this.RULE('file', () => {
    this.MANY(() => this.SUBRULE(this.declaration));
  });

  declaration = this.RULE('declaration', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.param) },
      { ALT: () => this.SUBRULE(this.data) },
      { ALT: () => this.SUBRULE(this.noise) },
      { ALT: () => this.SUBRULE(this.init) },
      { ALT: () => this.SUBRULE(this.net) },
      { ALT: () => this.SUBRULE(this.optimizer) },
      { ALT: () => this.SUBRULE(this.state) },
      { ALT: () => this.SUBRULE(this.def) },
      { ALT: () => this.SUBRULE(this.let) },
      { ALT: () => this.SUBRULE(this.value) },
      { ALT: () => this.SUBRULE(this.train) },
      { ALT: () => this.SUBRULE(this.use) },
    ]);
  });

  param = this.RULE('param', () => {
    this.CONSUME(t.Param);
    this.CONSUME(t.Identifier);
    this.CONSUME(t.Is);
    this.SUBRULE(this.expression);
  });

  data = this.RULE('data', () => {
    this.CONSUME(t.Data);
    this.SUBRULE(this.pattern);
    this.CONSUME(t.Tilde);
    this.OR([{ ALT: () => this.SUBRULE(this.type) }, { ALT: () => this.SUBRULE(this.recordType) }]);
    this.OPTION(() => {
      this.CONSUME(t.From);
      this.CONSUME(t.StringLiteral);
    });
    // How the source is read: `(stride = 1, part = [0, 0.9])`.
    this.OPTION2(() => this.SUBRULE(this.args));
  });

  recordType = this.RULE('recordType', () => {
    this.CONSUME(t.LParen);
    this.commaSeparated(this.type);
    this.CONSUME(t.RParen);
  });

  noise = this.RULE('noise', () => {
    this.CONSUME(t.Noise);
    this.CONSUME(t.Identifier);
    this.CONSUME(t.Tilde);
    this.SUBRULE(this.distribution);
  });

  init = this.RULE('init', () => {
    this.CONSUME(t.Init);
    this.CONSUME(t.Identifier);
    this.CONSUME(t.Tilde);
    this.SUBRULE(this.distribution);
  });

  net = this.RULE('net', () => {
    this.CONSUME(t.Net);
    this.CONSUME(t.Identifier);
    this.OPTION3(() => this.SUBRULE(this.index));
    this.CONSUME(t.LParen);
    this.OPTION(() => this.commaSeparated(this.typed));
    this.CONSUME(t.RParen);
    this.CONSUME(t.Arrow);
    this.OR([{ ALT: () => this.SUBRULE(this.type) }, { ALT: () => this.SUBRULE(this.namedTypes) }]);
    this.OPTION2(() => {
      this.CONSUME(t.From);
      this.CONSUME(t.StringLiteral);
    });
    this.CONSUME(t.Is);
    this.SUBRULE(this.expression);
  });

  typed = this.RULE('typed', () => {
    this.CONSUME(t.Word);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.type);
  });

  namedTypes = this.RULE('namedTypes', () => {
    this.CONSUME(t.LParen);
    this.commaSeparated(this.typed);
    this.CONSUME(t.RParen);
  });

  optimizer = this.RULE('optimizer', () => {
    this.CONSUME(t.Optimizer);
    this.CONSUME(t.Identifier);
    this.CONSUME(t.Is);
    this.SUBRULE(this.expression);
  });

  state = this.RULE('state', () => {
    this.CONSUME(t.State);
    this.CONSUME(t.Identifier);
    this.OR([{ ALT: () => this.SUBRULE(this.startValue) }, { ALT: () => this.SUBRULE(this.startDraw) }]);
  });

  /** `= 0`: a whole value. */
  startValue = this.RULE('startValue', () => {
    this.CONSUME(t.Is);
    this.SUBRULE(this.expression);
  });

  /** `~ normal[2]`, `~ 500 of normal[2]`: values of examples. */
  startDraw = this.RULE('startDraw', () => {
    this.CONSUME(t.Tilde);
    this.OPTION({
      GATE: this.countStands,
      DEF: () => {
        this.SUBRULE(this.expression);
        this.CONSUME(t.Of);
      },
    });
    this.SUBRULE(this.distribution);
  });

  /** Whether a count (`500 of`, `2 * n of`) stands before the distribution. */
  private readonly countStands = () => {
    const [first, second] = [this.LA(1), this.LA(2)];
    return !isName(first) || second.tokenType === t.Of || tokenMatcher(second, t.Operator);
  };

  def = this.RULE('def', () => {
    this.CONSUME(t.Def);
    this.CONSUME(t.Identifier);
    this.CONSUME(t.LParen);
    this.OPTION(() => this.commaSeparated(this.parameter));
    this.CONSUME(t.RParen);
    this.CONSUME(t.Is);
    this.SUBRULE(this.expression);
  });

  parameter = this.RULE('parameter', () => {
    this.CONSUME(t.Identifier);
    this.OPTION(() => {
      this.CONSUME(t.Is);
      this.SUBRULE(this.expression);
    });
  });

  let = this.RULE('let', () => {
    this.CONSUME(t.Let);
    this.SUBRULE(this.pattern);
    this.CONSUME(t.Is);
    this.SUBRULE(this.expression);
  });

  pattern = this.RULE('pattern', () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Identifier) },
      {
        ALT: () => {
          this.CONSUME(t.LParen);
          this.CONSUME2(t.Identifier);
          this.MANY(() => {
            this.CONSUME(t.Comma);
            this.CONSUME3(t.Identifier);
          });
          this.OPTION(() => this.CONSUME2(t.Comma));
          this.CONSUME(t.RParen);
        },
      },
    ]);
  });

  value = this.RULE('value', () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Loss) },
      { ALT: () => this.CONSUME(t.Metric) },
      { ALT: () => this.CONSUME(t.Output) },
    ]);
    this.CONSUME(t.Identifier);
    this.CONSUME(t.Is);
    this.SUBRULE(this.expression);
  });

  train = this.RULE('train', () => {
    this.CONSUME(t.Train);
    this.OPTION(() => this.CONSUME(t.Identifier));
    this.SUBRULE(this.args);
    this.SUBRULE(this.statements);
  });

  use = this.RULE('use', () => {
    this.CONSUME(t.Use);
    this.CONSUME(t.StringLiteral);
  });

  /** `image[28, 28, 1]`, `[100]`, `[]`. */
  type = this.RULE('type', () => {
    this.OPTION(() => this.CONSUME(t.Identifier));
    this.SUBRULE(this.list);
  });

  /** `normal(0, 1)[100]`, `categorical[10]`, `glorot_uniform`. */
  distribution = this.RULE('distribution', () => {
    this.CONSUME(t.Identifier);
    this.OPTION({ GATE: this.callTouches, DEF: () => this.SUBRULE(this.args) });
    this.OPTION2(() => this.SUBRULE(this.list));
  });

  statements = this.RULE('statements', () => {
    this.CONSUME(t.LCurly);
    this.MANY(() => this.SUBRULE(this.statement));
    this.CONSUME(t.RCurly);
  });

  statement = this.RULE('statement', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.sample) },
      { ALT: () => this.SUBRULE(this.update) },
      { ALT: () => this.SUBRULE(this.together) },
      { ALT: () => this.SUBRULE(this.repeat) },
      { ALT: () => this.SUBRULE(this.every) },
      { ALT: () => this.SUBRULE(this.once) },
      { ALT: () => this.SUBRULE(this.clip) },
      { ALT: () => this.SUBRULE(this.average) },
      { ALT: () => this.SUBRULE(this.assign) },
      { ALT: () => this.SUBRULE(this.save) },
      { ALT: () => this.SUBRULE(this.restore) },
      { ALT: () => this.SUBRULE(this.branch) },
    ]);
  });

  sample = this.RULE('sample', () => {
    this.CONSUME(t.Sample);
    this.OPTION({
      GATE: this.countFollows,
      DEF: () => {
        this.SUBRULE(this.expression);
        this.CONSUME(t.Of);
      },
    });
    this.SUBRULE(this.names);
  });

  /** Whether `sample` is followed by a count (`500 of x`, `n of x`) and not by a source (`x, z`). */
  private readonly countFollows = () => {
    const [first, second] = [this.LA(1), this.LA(2)];
    if (!isName(first)) return true;
    return (
      second.tokenType === t.Of ||
      tokenMatcher(second, t.Operator) ||
      second.tokenType === t.Dot ||
      (second.tokenType === t.LParen && touches(first, second))
    );
  };

  names = this.RULE('names', () => {
    this.CONSUME(t.Identifier);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.CONSUME2(t.Identifier);
    });
  });

  update = this.RULE('update', () => {
    this.CONSUME(t.Update);
    this.SUBRULE(this.names);
    this.CONSUME(t.To);
    this.OR([{ ALT: () => this.CONSUME(t.Minimize) }, { ALT: () => this.CONSUME(t.Maximize) }]);
    this.SUBRULE(this.expression);
    this.CONSUME(t.With);
    this.SUBRULE2(this.expression);
  });

  together = this.RULE('together', () => {
    this.CONSUME(t.Together);
    this.SUBRULE(this.statements);
  });

  repeat = this.RULE('repeat', () => {
    this.CONSUME(t.Repeat);
    this.SUBRULE(this.expression);
    this.SUBRULE(this.statements);
  });

  every = this.RULE('every', () => {
    this.CONSUME(t.Every);
    this.SUBRULE(this.expression);
    this.SUBRULE(this.statements);
  });

  once = this.RULE('once', () => {
    this.CONSUME(t.Once);
    this.SUBRULE(this.statements);
  });

  clip = this.RULE('clip', () => {
    this.CONSUME(t.Clip);
    this.CONSUME(t.Identifier);
    this.CONSUME(t.To);
    this.OR([{ ALT: () => this.SUBRULE(this.bounds) }, { ALT: () => this.SUBRULE(this.largestNorm) }]);
  });

  /** `[-0.01, 0.01]`. */
  bounds = this.RULE('bounds', () => {
    this.CONSUME(t.LSquare);
    this.SUBRULE(this.expression);
    this.CONSUME(t.Comma);
    this.SUBRULE2(this.expression);
    this.OPTION(() => this.CONSUME2(t.Comma));
    this.CONSUME(t.RSquare);
  });

  largestNorm = this.RULE('largestNorm', () => {
    this.CONSUME(t.Norm);
    this.SUBRULE(this.expression);
  });

  average = this.RULE('average', () => {
    this.CONSUME(t.Average);
    this.CONSUME(t.Identifier);
    this.CONSUME(t.Decay);
    this.SUBRULE(this.expression);
  });

  assign = this.RULE('assign', () => {
    this.CONSUME(t.Assign);
    this.CONSUME(t.Identifier);
    this.CONSUME(t.To);
    this.SUBRULE(this.expression);
  });

  save = this.RULE('save', () => {
    this.CONSUME(t.Save);
    this.SUBRULE(this.names);
  });

  restore = this.RULE('restore', () => {
    this.CONSUME(t.Restore);
    this.SUBRULE(this.names);
  });

  /** `else if` is a loop here too. */
  branch = this.RULE('branch', () => {
    this.CONSUME(t.If);
    this.SUBRULE(this.expression);
    this.SUBRULE(this.statements);
    this.MANY(() => {
      this.CONSUME(t.Else);
      this.CONSUME2(t.If);
      this.SUBRULE2(this.expression);
      this.SUBRULE2(this.statements);
    });
    this.OPTION(() => {
      this.CONSUME2(t.Else);
      this.SUBRULE3(this.statements);
    });
  });

  expression = this.RULE('expression', () => {
    this.OR([{ ALT: () => this.SUBRULE(this.conditional) }, { ALT: () => this.SUBRULE(this.operation) }]);
    this.MANY(() => {
      this.CONSUME(t.Pipe);
      this.SUBRULE(this.stage);
    });
  });

  /** `else if` is a loop and not a nesting, so that a long chain of them stays flat. */
  conditional = this.RULE('conditional', () => {
    this.CONSUME(t.If);
    this.SUBRULE(this.expression);
    this.CONSUME(t.Then);
    this.SUBRULE2(this.expression);
    this.MANY(() => {
      this.CONSUME(t.Else);
      this.CONSUME2(t.If);
      this.SUBRULE3(this.expression);
      this.CONSUME2(t.Then);
      this.SUBRULE4(this.expression);
    });
    this.CONSUME2(t.Else);
    this.SUBRULE(this.operation);
  });

  operation = this.RULE('operation', () => {
    this.SUBRULE(this.operand);
    this.MANY(() => {
      this.CONSUME(t.Operator);
      this.SUBRULE2(this.operand);
    });
  });

  operand = this.RULE('operand', () => {
    this.MANY(() => this.CONSUME(t.Prefix));
    this.SUBRULE(this.primary);
    this.MANY2({
      GATE: () => this.LA(1).tokenType === t.Dot || this.callTouches() || this.indexTouches(),
      DEF: () => this.SUBRULE(this.suffix),
    });
  });

  suffix = this.RULE('suffix', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.args) },
      { ALT: () => this.SUBRULE(this.index) },
      {
        ALT: () => {
          this.CONSUME(t.Dot);
          this.CONSUME(t.Word);
        },
      },
    ]);
  });

  /** How many nets a list has (`net c[6](…)`), and which of them is meant (`c[k]`). */
  index = this.RULE('index', () => {
    this.CONSUME(t.LSquare);
    this.SUBRULE(this.expression);
    this.CONSUME(t.RSquare);
  });

  primary = this.RULE('primary', () => {
    this.OR([
      { ALT: () => this.CONSUME(t.NumberLiteral) },
      { ALT: () => this.CONSUME(t.StringLiteral) },
      { ALT: () => this.CONSUME(t.True) },
      { ALT: () => this.CONSUME(t.False) },
      { ALT: () => this.CONSUME(t.Identifier) },
      { ALT: () => this.SUBRULE(this.tuple) },
      { ALT: () => this.SUBRULE(this.list) },
      { ALT: () => this.SUBRULE(this.block) },
      { ALT: () => this.SUBRULE(this.draw) },
    ]);
  });

  /** Also plain parentheses: one element without a name. */
  tuple = this.RULE('tuple', () => {
    this.CONSUME(t.LParen);
    this.commaSeparated(this.argument);
    this.CONSUME(t.RParen);
  });

  list = this.RULE('list', () => {
    this.CONSUME(t.LSquare);
    this.OPTION(() => this.commaSeparated(this.expression));
    this.CONSUME(t.RSquare);
  });

  block = this.RULE('block', () => {
    this.CONSUME(t.LCurly);
    this.MANY(() => this.SUBRULE(this.let));
    this.CONSUME(t.Return);
    this.SUBRULE(this.expression);
    this.CONSUME(t.RCurly);
  });

  draw = this.RULE('draw', () => {
    this.CONSUME(t.Draw);
    this.SUBRULE(this.distribution);
  });

  args = this.RULE('args', () => {
    this.CONSUME(t.LParen);
    this.OPTION(() => this.commaSeparated(this.argument));
    this.CONSUME(t.RParen);
  });

  argument = this.RULE('argument', () => {
    this.OPTION(() => {
      this.CONSUME(t.Word);
      this.CONSUME(t.Is);
    });
    this.SUBRULE(this.expression);
  });

  stage = this.RULE('stage', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.each) },
      { GATE: this.repeats, ALT: () => this.SUBRULE(this.repeated) },
      { GATE: this.scans, ALT: () => this.SUBRULE(this.scan) },
      { ALT: () => this.SUBRULE(this.choice) },
      { ALT: () => this.SUBRULE(this.application) },
    ]);
  });

  each = this.RULE('each', () => {
    this.CONSUME(t.Each);
    this.counted();
    this.turns();
  });

  repeated = this.RULE('repeated', () => {
    this.CONSUME(t.Repeat);
    this.counted();
    this.turns();
  });

  scan = this.RULE('scan', () => {
    this.CONSUME(t.Scan);
    this.SUBRULE(this.pattern);
    this.CONSUME(t.Is);
    this.SUBRULE(this.expression);
    this.turns();
  });

  choice = this.RULE('choice', () => {
    this.CONSUME(t.LParen);
    this.SUBRULE(this.expression);
    this.CONSUME(t.RParen);
  });

  application = this.RULE('application', () => {
    this.CONSUME(t.Identifier);
    this.OPTION4({ GATE: this.indexTouches, DEF: () => this.SUBRULE(this.index) });
    this.OPTION(() => {
      this.CONSUME(t.Dot);
      this.CONSUME(t.Word);
    });
    this.OPTION2({ GATE: this.callTouches, DEF: () => this.SUBRULE(this.args) });
    this.OPTION3(() => {
      this.CONSUME(t.As);
      this.CONSUME2(t.Identifier);
    });
  });
}

/** A word that is no reserved one. */
const isName = (token: IToken): boolean => tokenMatcher(token, t.Identifier);
