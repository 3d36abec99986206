// Making elements.

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | undefined>;

function fill<T extends Element>(node: T, attributes: Attributes, children: Child[]): T {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) node.setAttribute(name, String(value));
  }
  node.append(
    ...children.filter((child): child is Node | string => child instanceof Node || typeof child === "string"),
  );
  return node;
}

/** An HTML element with attributes and children; children that are null, undefined or false are left out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

/** The same in the SVG namespace. */
export function svgElement<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** A picture with its title and the sentence that says what to look for. */
export function figure(title: string, caption: string, ...content: Child[]): HTMLElement {
  return element(
    "figure",
    { class: "card" },
    element("h3", {}, title),
    ...content,
    element("figcaption", {}, caption),
  );
}

/** Calls back with the width of an element, in CSS pixels, once it has one and whenever it changes. */
export function onWidth(target: HTMLElement, callback: (width: number) => void): void {
  let last = 0;
  const measure = () => {
    const width = Math.floor(target.clientWidth);
    if (width > 0 && width !== last) {
      last = width;
      callback(width);
    }
  };
  new ResizeObserver(measure).observe(target);
  // Printing lays the page out anew without telling the observer.
  document.addEventListener("relayout", measure);
}
