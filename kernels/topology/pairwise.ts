// Distances between points.

/** out[n, n] = Euclidean distances between the rows of x[n, d]. Summed in float64, so that neither cancellation nor
 *  overflow of a square shows; symmetric to the bit, with a zero diagonal. */
export function euclidean_distances_f32(out: usize, x: usize, n: i32, d: i32): void {
  const row = <usize>d << 2;
  const pitch = <usize>n << 2;
  for (let i: usize = 0; i < <usize>n; i++) {
    const a = x + row * i;
    store<f32>(out + pitch * i + (i << 2), 0);
    for (let j: usize = 0; j < i; j++) {
      const b = x + row * j;
      let sum: f64 = 0;
      for (let at: usize = 0; at < row; at += 4) {
        const difference = <f64>load<f32>(a + at) - <f64>load<f32>(b + at);
        sum += difference * difference;
      }
      const distance = <f32>sqrt(sum);
      store<f32>(out + pitch * i + (j << 2), distance);
      store<f32>(out + pitch * j + (i << 2), distance);
    }
  }
}
