// @ts-check
/// <reference lib="dom" />
/** Makes elements. What is put into one is text, and never markup. @module */

/** @typedef {Node | string | number | undefined | false} Child */

/**
 * Makes an element.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, unknown>>} attributes a function is a listener (`onclick`), `undefined` and
 *   `false` are left out
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  dress(element, attributes);
  fill(element, ...children);
  return element;
}

/**
 * Makes an element of SVG.
 *
 * @param {string} tag
 * @param {Readonly<Record<string, unknown>>} attributes
 * @param {...Child} children
 */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  dress(element, attributes);
  fill(element, ...children);
  return element;
}

/**
 * Puts children in the place of those that are there.
 *
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  const shown = children.filter((child) => child !== undefined && child !== false);
  element.replaceChildren(...shown.map((child) => child instanceof Node ? child : String(child)));
}

/**
 * Changes a text only where it is another one: a reader would be told of it.
 *
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * The element with an ID, which the page has.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`expected an element #${id}, found none`);
  return element;
}

/**
 * @param {Element} element
 * @param {Readonly<Record<string, unknown>>} attributes
 */
function dress(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else element.setAttribute(name, value === true ? "" : String(value));
  }
}
