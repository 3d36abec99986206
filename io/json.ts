// JSON.parse that refuses an object with the same key twice.

/** Parses JSON text; throws a SyntaxError on a duplicate key, which JSON.parse would silently overwrite. */
export function parseUniqueJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // The text is valid JSON from here on, so a small scanner is enough to see the keys of each object.
  const open: (Set<string> | null)[] = [];
  const colon = /\s*:/y;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (c === "{") open.push(new Set());
    else if (c === "[") open.push(null);
    else if (c === "}" || c === "]") open.pop();
    else if (c === '"') {
      const start = at++;
      while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
      const keys = open[open.length - 1];
      colon.lastIndex = at + 1;
      if (keys && colon.test(text)) {
        const key: string = JSON.parse(text.slice(start, at + 1));
        if (keys.has(key)) throw new SyntaxError(`duplicate key ${JSON.stringify(key)}`);
        keys.add(key);
      }
    }
  }
  return value;
}
