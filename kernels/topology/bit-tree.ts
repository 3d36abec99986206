// A set of integers whose greatest member is found quickly: a bit for each integer, and above it levels that
// have a bit for each 64 of the level below, set if not all of them are 0. The last level is one word.

@unmanaged
export class BitTree {
  size: i32; // number of members
  height: i32; // number of levels
  level0: usize;
}

@inline
function levels_of(range: usize): i32 {
  let height = 1;
  for (; range > 64; range = range + 63 >> 6) height++;
  return height;
}

@inline
function level_slot(tree: BitTree, level: i32): usize {
  return changetype<usize>(tree) + offsetof<BitTree>("level0") + <usize>level * sizeof<usize>();
}

/** Bytes of a tree for integers below `range`; its top has to be aligned to 8. */
export function tree_bytes(range: usize): usize {
  const height = levels_of(range);
  let bytes = offsetof<BitTree>() + <usize>height * sizeof<usize>() + 8;
  for (let level = 0; level < height; level++) {
    range = range + 63 >> 6;
    bytes += range << 3;
  }
  return bytes;
}

/** Makes an empty set of integers below `range` at `block`. */
export function make_tree(block: usize, range: usize): BitTree {
  memory.fill(block, 0, tree_bytes(range));
  const tree = changetype<BitTree>(block);
  tree.height = levels_of(range);
  let at = level_slot(tree, tree.height) + 7 & ~7;
  for (let level = 0; level < tree.height; level++) {
    store<usize>(level_slot(tree, level), at);
    range = range + 63 >> 6;
    at += range << 3;
  }
  return tree;
}

/** Adds i to the set, or removes it. */
export function tree_flip(tree: BitTree, i: u32): void {
  for (let level = 0; level < tree.height; level++) {
    const at = load<usize>(level_slot(tree, level)) + (<usize>(i >> 6) << 3);
    const before = load<u64>(at);
    const after = before ^ <u64>1 << (i & 63);
    store<u64>(at, after);
    if (level == 0) tree.size += after > before ? 1 : -1;
    if (before != 0 && after != 0) return;
    i >>= 6;
  }
}

/** The greatest member of a set that is not empty. */
export function tree_greatest(tree: BitTree): u32 {
  let i: u32 = 0;
  for (let level = tree.height - 1; level >= 0; level--) {
    const word = load<u64>(load<usize>(level_slot(tree, level)) + (<usize>i << 3));
    i = i << 6 | 63 - <u32>clz(word);
  }
  return i;
}
