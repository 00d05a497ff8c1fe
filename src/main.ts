/** The composition root: the only file that may import from every room. Wires collect, ops, render and cli together. */
export {}
