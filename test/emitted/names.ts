/** Names that a user may give and that JavaScript, its objects, or the emitted code have a use for. */
const words = `
  __proto__ constructor toString valueOf hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString
  __defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__
  prototype length name caller arguments call apply bind toJSON
  abstract async await boolean break case catch class const continue debugger default delete do enum eval export extends
  finally for function get goto implements import in instanceof interface new null of package private protected public
  set static super switch this throw try typeof undefined var void while with yield as from
  NaN Infinity Math Number Object Array Promise Symbol globalThis window document process require module exports Buffer
  self console fetch
  tf nn main model run w frozen averaged live states state set save i scalar tensor
  sample samples update minimize steps batch output_ fused kernel bias k mean sum relu add neg square
  __ ___ _0 a_ x__y µ é a\u0301 x\u20dd 名前 ℵ 𝒙 Ω
`;
export const hostile: readonly string[] = words.split(/\s+/).filter((word) => word !== '');
