// The 64-bit FNV-1a hash (Fowler, Noll, Vo), the same on every runtime.

const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;

/** FNV-1a of a text in UTF-8. It tells descriptions apart; it does not guard against an adversary. */
export function fnv1a(text: string): bigint {
  let hash = OFFSET;
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
  return hash;
}
