// JSON from strangers, read as strictly as serde_json does, which the safetensors format's own implementation uses: no key
// twice in an object, no lone surrogates, no deep nesting.

/** A parsed value. Objects are maps, so that no name is special. */
export type Json = Map<string, Json> | Json[] | string | number | boolean | null;

/** Levels of arrays and objects; serde_json has the same limit. */
const MAX_DEPTH = 127;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LONE_SURROGATE = /\p{Surrogate}/u;
const QUOTE = 34;
const BACKSLASH = 92;
/** The first character that is no control character. */
const PRINTABLE = 32;
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

/** True for text that UTF-8 can hold. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** Spaces, tabs and ends of lines. */
const isSpace = (code: number) => code === 32 || code === 10 || code === 13 || code === 9;

/** Goes through a text, once and without backtracking. */
class Parser {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly numberOf: (digits: string) => number,
  ) {}

  /** The whole text as one value. */
  parse(): Json {
    const value = this.value(1);
    if (this.peek() !== "") this.fail("something after the end");
    return value;
  }

  private fail(what: string): never {
    throw new SyntaxError(`${what} at character ${this.at}`);
  }

  /** The next character that is no space; nothing at the end. */
  private peek(): string {
    const { text } = this;
    let { at } = this;
    while (isSpace(text.charCodeAt(at))) at++;
    this.at = at;
    return text[at] ?? "";
  }

  private expect(character: string): void {
    if (this.peek() !== character) this.fail(`expected "${character}"`);
    this.at++;
  }

  private value(depth: number): Json {
    switch (this.peek()) {
      case "{":
        return this.object(depth);
      case "[":
        return this.list(depth);
      case '"':
        return this.string();
      case "t":
        return this.word("true", true);
      case "f":
        return this.word("false", false);
      case "n":
        return this.word("null", null);
      default:
        return this.number();
    }
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.fail("no value");
    this.at += word.length;
    return value;
  }

  private number(): number {
    NUMBER.lastIndex = this.at;
    const digits = NUMBER.exec(this.text)?.[0] ?? "";
    if (digits === "" || !Number.isFinite(Number(digits))) this.fail("no value");
    this.at += digits.length;
    return this.numberOf(digits);
  }

  /** True when another item follows in what ends with this character; the one before is read. */
  private goesOn(close: string): boolean {
    if (this.peek() === ",") {
      this.at++;
      return true;
    }
    this.expect(close);
    return false;
  }

  /** Opens an array or object; true when it is empty, and read. */
  private opens(close: string, depth: number): boolean {
    if (depth > MAX_DEPTH) this.fail(`more than ${MAX_DEPTH} levels`);
    this.at++;
    if (this.peek() !== close) return false;
    this.at++;
    return true;
  }

  private object(depth: number): Json {
    const map = new Map<string, Json>();
    if (this.opens("}", depth)) return map;
    do {
      if (this.peek() !== '"') this.fail('expected """');
      const key = this.string();
      if (map.has(key)) this.fail(`duplicate key ${JSON.stringify(key)}`);
      this.expect(":");
      map.set(key, this.value(depth + 1));
    } while (this.goesOn("}"));
    return map;
  }

  private list(depth: number): Json {
    const list: Json[] = [];
    if (this.opens("]", depth)) return list;
    do list.push(this.value(depth + 1));
    while (this.goesOn("]"));
    return list;
  }

  private string(): string {
    const { text } = this;
    let value = "";
    let from = ++this.at;
    let plain = true;
    for (;;) {
      const code = text.charCodeAt(this.at);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        value += text.slice(from, this.at);
        this.at++;
        value += this.escape();
        from = this.at;
        plain = false;
      } else if (code >= PRINTABLE) {
        if (code > 127) plain = false;
        this.at++;
      } else {
        this.fail("a control character or an open string");
      }
    }
    value += text.slice(from, this.at++);
    if (!plain && !isWellFormed(value)) this.fail("a lone surrogate before");
    return value;
  }

  private escape(): string {
    const letter = this.text[this.at++];
    if (letter === "u") {
      const digits = this.text.slice(this.at, this.at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail("an escape without four digits");
      this.at += 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    return (Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined) ?? this.fail("an unknown escape");
  }
}

/**
 * Parses JSON text; throws a SyntaxError that says where it ends to be JSON.
 * @param numberOf makes a number of its digits.
 */
export function parseStrictJson(text: string, numberOf: (digits: string) => number = Number): Json {
  return new Parser(text, numberOf).parse();
}

/** Parses JSON text as {@link parseStrictJson} does, with plain objects. */
export function parseUniqueJson(text: string): unknown {
  const plain = (value: Json): unknown => {
    if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
    return Array.isArray(value) ? value.map(plain) : value;
  };
  return plain(parseStrictJson(text));
}
