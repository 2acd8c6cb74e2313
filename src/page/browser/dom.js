import { HEIGHT, WIDTH } from '../drawing.js';

/**
 * @import { Layer } from '../drawing.js'
 * @typedef {Readonly<Record<string, string>>} Attributes
 */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Attributes} [attributes] @param {readonly (Node | string)[]} [children]
 */
export const make = (tag, attributes = {}, children = []) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

/** @param {string} id */
export const byId = id => /** @type {HTMLElement} */ (document.getElementById(id));

/** Touches the page only where something changes. @param {Element} element @param {string} text */
export const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** @param {Element} element @param {string} name @param {string} value */
export const set = (element, name, value) => {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
};

/** A drawing of 120 seconds with one path for each class; what it shows is said in words beside it. */
export class Strip {
  element = document.createElementNS(SVG, 'svg');
  /** @type {Map<string, Element>} */
  #paths = new Map();

  /** @param {string} kind */
  constructor(kind) {
    for (const [name, value] of Object.entries({
      class: `strip ${kind}`,
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      role: 'img',
    }))
      this.element.setAttribute(name, value);
  }

  /** @param {readonly Layer[]} layers @param {string} words */
  draw(layers, words) {
    set(this.element, 'aria-label', words);
    for (const { name, path } of layers) set(this.#pathOf(name), 'd', path);
  }

  /** @param {string} name */
  #pathOf(name) {
    const known = this.#paths.get(name);
    if (known) return known;
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('class', name);
    this.element.append(path);
    this.#paths.set(name, path);
    return path;
  }
}

/**
 * Children of one element, one for each key: made when a key first comes, taken away when it comes no more; in the order of the items.
 * @template Item
 * @template {{ readonly element: HTMLElement, show(item: Item): void }} Part
 */
export class Keyed {
  #parent;
  #make;
  /** @type {Map<string, Part>} */
  #parts = new Map();

  /** @param {HTMLElement} parent @param {(item: Item) => Part} create */
  constructor(parent, create) {
    this.#parent = parent;
    this.#make = create;
  }

  /** @param {readonly (readonly [key: string, item: Item])[]} items */
  show(items) {
    const keys = new Set(items.map(([key]) => key));
    for (const [key, part] of this.#parts)
      if (!keys.has(key)) {
        part.element.remove();
        this.#parts.delete(key);
      }
    for (const [at, [key, item]] of items.entries()) {
      const part = this.#obtain(key, item);
      const there = this.#parent.children[at] ?? null;
      if (there !== part.element) this.#parent.insertBefore(part.element, there);
      part.show(item);
    }
  }

  /** @param {string} key @param {Item} item */
  #obtain(key, item) {
    const known = this.#parts.get(key);
    if (known) return known;
    const part = this.#make(item);
    this.#parts.set(key, part);
    return part;
  }
}

/**
 * A table whose roles are written out, because a narrow screen shows its rows as blocks.
 * @param {string} name @param {string} label @param {readonly (readonly [title: string, kind?: string])[]} columns
 */
export const makeTable = (name, label, columns) => {
  const heads = columns.map(([title, kind = '']) =>
    make('th', { role: 'columnheader', scope: 'col', class: kind }, [title]),
  );
  const body = make('tbody', { role: 'rowgroup' });
  const head = make('thead', { role: 'rowgroup' }, [make('tr', { role: 'row' }, heads)]);
  const table = make('table', { role: 'table', class: name, 'aria-label': label }, [head, body]);
  return { table, body };
};

/**
 * @param {string} label what the cell is called where the head of its column cannot be seen
 * @param {string} [kind] @param {readonly (Node | string)[]} [children]
 */
export const makeCell = (label, kind = '', children = []) =>
  make('td', { role: 'cell', class: kind, 'data-label': label }, children);
