// Loops over contiguous float32 arrays. What is done to four elements at a time is the method v of a class
// without fields, resolved and inlined at compile time; a and b are the operation's parameters in every
// lane. The last elements go through the same method, so an element's bits do not depend on its place. out
// may be one of the inputs.

/** out = op(x). Four vectors a step are for operations as cheap as their loads and stores, one for all
 *  others. */
@inline
export function map<Op>(vectors: i32, out: usize, x: usize, n: i32, a: f32 = 0, b: f32 = 0): void {
  const op = changetype<Op>(0);
  const va = f32x4.splat(a);
  const vb = f32x4.splat(b);
  const end = out + (<usize>n << 2);
  if (vectors == 4) {
    for (const last = end - (<usize>(n & 15) << 2); out != last; out += 64, x += 64) {
      const y0 = op.v(v128.load(x), va, vb);
      const y1 = op.v(v128.load(x, 16), va, vb);
      const y2 = op.v(v128.load(x, 32), va, vb);
      const y3 = op.v(v128.load(x, 48), va, vb);
      v128.store(out, y0);
      v128.store(out, y1, 16);
      v128.store(out, y2, 32);
      v128.store(out, y3, 48);
    }
  }
  for (const last = end - (<usize>(n & 3) << 2); out != last; out += 16, x += 16) {
    v128.store(out, op.v(v128.load(x), va, vb));
  }
  for (; out != end; out += 4, x += 4) v128.store32_lane(out, op.v(v128.load32_zero(x), va, vb), 0);
}

/** out = op(g, s) */
@inline
export function map_gradient<Op>(out: usize, g: usize, s: usize, n: i32, a: f32 = 0, b: f32 = 0): void {
  const op = changetype<Op>(0);
  const va = f32x4.splat(a);
  const vb = f32x4.splat(b);
  const end = out + (<usize>n << 2);
  for (const last = end - (<usize>(n & 3) << 2); out != last; out += 16, g += 16, s += 16) {
    v128.store(out, op.v(v128.load(g), v128.load(s), va, vb));
  }
  for (; out != end; out += 4, g += 4, s += 4) {
    v128.store32_lane(out, op.v(v128.load32_zero(g), v128.load32_zero(s), va, vb), 0);
  }
}
