// Elements of arrays at raw addresses.

@inline export function f64At(base: usize, i: i32): f64 {
  return load<f64>(base + (<usize>i << 3));
}

@inline export function set_f64(base: usize, i: i32, x: f64): void {
  store<f64>(base + (<usize>i << 3), x);
}

@inline export function i32At(base: usize, i: i32): i32 {
  return load<i32>(base + (<usize>i << 2));
}

@inline export function set_i32(base: usize, i: i32, x: i32): void {
  store<i32>(base + (<usize>i << 2), x);
}
