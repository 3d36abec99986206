// A hash table from u64 to pointers in an arena: open addressing, at most half full.
import { Arena, take } from "./arena";

const EMPTY: u64 = ~0;

@unmanaged
export class Table {
  slots: usize; // a power of 2
  count: usize;
  keys: usize; // u64 [slots], EMPTY where there is none
  values: usize; // usize [slots]; a table takes 16 bytes, so that what follows is aligned
}

const SLOT_BYTES: usize = 8 + sizeof<usize>();

function slots_for(room: usize): usize {
  let slots: usize = 16;
  while (slots < room * 2) slots *= 2;
  return slots;
}

function set_slots(table: Table, slots: usize, block: usize): void {
  memory.fill(block, 0xff, slots << 3);
  table.slots = slots;
  table.count = 0;
  table.keys = block;
  table.values = block + (slots << 3);
}

/** Bytes of a table with room for that many keys. */
export function table_bytes(room: usize): usize {
  return offsetof<Table>() + slots_for(room) * SLOT_BYTES;
}

/** An empty table at `block`, aligned to 16. */
export function make_table(block: usize, room: usize): Table {
  const table = changetype<Table>(block);
  set_slots(table, slots_for(room), block + offsetof<Table>());
  return table;
}

/** The slot of a key, or the empty one where it belongs. */
@inline
function find_slot(table: Table, key: u64): usize {
  // Fibonacci hashing: the upper bits of the product are well mixed.
  let slot = <usize>(key * 0x9e3779b97f4a7c15 >> 32) & (table.slots - 1);
  while (true) {
    const found = load<u64>(table.keys + (slot << 3));
    if (found == key || found == EMPTY) return slot;
    slot = slot + 1 & (table.slots - 1);
  }
}

/** The value of a key, or 0. */
export function find(table: Table, key: u64): usize {
  const slot = find_slot(table, key);
  return load<u64>(table.keys + (slot << 3)) == key ? load<usize>(table.values + slot * sizeof<usize>()) : 0;
}

/** Makes room for one more key; false if the arena needs memory. */
export function reserve(arena: Arena, table: Table): bool {
  if ((table.count + 1) * 2 <= table.slots) return true;
  const slots = table.slots;
  const keys = table.keys;
  const values = table.values;
  const block = take(arena, 2 * slots * SLOT_BYTES);
  if (!block) return false;
  set_slots(table, 2 * slots, block);
  for (let s: usize = 0; s < slots; s++) {
    const key = load<u64>(keys + (s << 3));
    if (key != EMPTY) insert(table, key, load<usize>(values + s * sizeof<usize>()));
  }
  return true;
}

/** Adds a key that is not there. Needs reserve. */
export function insert(table: Table, key: u64, value: usize): void {
  const slot = find_slot(table, key);
  store<u64>(table.keys + (slot << 3), key);
  store<usize>(table.values + slot * sizeof<usize>(), value);
  table.count++;
}
