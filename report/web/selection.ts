/** The neurons that the reader points at, shared by the pictures that show them. */
export class Selection {
  #listeners: ((nodes: readonly number[]) => void)[] = [];

  /** Points at a neuron, at a pair (row, column), or at none. */
  select(...nodes: number[]): void {
    for (const listener of this.#listeners) listener(nodes);
  }

  /** Calls back whenever the neurons change. */
  subscribe(listener: (nodes: readonly number[]) => void): void {
    this.#listeners.push(listener);
  }
}
