/** The neuron that the reader points at, shared by the pictures that show it. */
export class Selection {
  #listeners: ((node: number | null) => void)[] = [];

  /** Points at a neuron, or at none. */
  select(node: number | null): void {
    for (const listener of this.#listeners) listener(node);
  }

  /** Calls back whenever the neuron changes. */
  subscribe(listener: (node: number | null) => void): void {
    this.#listeners.push(listener);
  }
}
