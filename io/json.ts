// JSON from strangers, read as strictly as serde_json does, which the safetensors format's own implementation uses: no key
// twice in an object, no lone surrogates, no deep nesting.

/** A parsed value. Objects are maps, so that no name is special. */
export type Json = Map<string, Json> | Json[] | string | number | boolean | null;

/** Levels of arrays and objects; serde_json has the same limit. */
const MAX_DEPTH = 127;
const SPACE = /[ \t\n\r]*/y;
/** All but control characters, quotes and backslashes. */
const PLAIN = /[ !#-[\]-\uffff]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LONE_SURROGATE = /\p{Surrogate}/u;
const ESCAPES: Record<string, string> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
const WORDS = { true: true, false: false, null: null };

/** True for text that UTF-8 can hold. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/**
 * Parses JSON text; throws a SyntaxError that says where it ends to be JSON.
 * @param numberOf makes a number of its digits.
 */
export function parseStrictJson(text: string, numberOf: (digits: string) => number = Number): Json {
  let at = 0;
  const fail = (what: string): never => {
    throw new SyntaxError(`${what} at character ${at}`);
  };
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  };
  /** The next character that is no space. */
  const peek = (): string => {
    take(SPACE);
    return text[at] ?? "";
  };
  const expect = (character: string): void => {
    if (peek() !== character) fail(`expected "${character}"`);
    at++;
  };

  const parseEscape = (): string => {
    const letter = text[at++];
    if (letter === "u") {
      const digits = text.slice(at, at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) fail("an escape without four digits");
      at += 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    return (Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined) ?? fail("an unknown escape");
  };
  const parseString = (): string => {
    expect('"');
    let value = take(PLAIN);
    while (text[at] === "\\") {
      at++;
      value += parseEscape() + take(PLAIN);
    }
    if (text[at] !== '"') fail("a control character or an open string");
    at++;
    if (!isWellFormed(value)) fail("a lone surrogate before");
    return value;
  };
  const parseNumber = (): number => {
    const digits = take(NUMBER);
    if (digits === "" || !Number.isFinite(Number(digits))) fail("no value");
    return numberOf(digits);
  };
  /** Items between brackets, with commas in between. */
  const parseItems = (close: string, depth: number, item: () => void): void => {
    if (depth > MAX_DEPTH) fail(`more than ${MAX_DEPTH} levels`);
    at++;
    if (peek() === close) {
      at++;
      return;
    }
    item();
    while (peek() === ",") {
      at++;
      item();
    }
    expect(close);
  };
  const parseValue = (depth: number): Json => {
    const first = peek();
    if (first === "{") {
      const map = new Map<string, Json>();
      parseItems("}", depth, () => {
        const key = parseString();
        if (map.has(key)) fail(`duplicate key ${JSON.stringify(key)}`);
        expect(":");
        map.set(key, parseValue(depth + 1));
      });
      return map;
    }
    if (first === "[") {
      const list: Json[] = [];
      parseItems("]", depth, () => list.push(parseValue(depth + 1)));
      return list;
    }
    if (first === '"') return parseString();
    for (const [word, value] of Object.entries(WORDS)) {
      if (!text.startsWith(word, at)) continue;
      at += word.length;
      return value;
    }
    return parseNumber();
  };

  const value = parseValue(1);
  if (peek() !== "") fail("something after the end");
  return value;
}

/** Parses JSON text as {@link parseStrictJson} does, with plain objects. */
export function parseUniqueJson(text: string): unknown {
  const plain = (value: Json): unknown => {
    if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
    return Array.isArray(value) ? value.map(plain) : value;
  };
  return plain(parseStrictJson(text));
}
