// Elements: how they are found and made. Values become text, never HTML.

/** @typedef {Node | string} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined>} Attributes */

/**
 * The element of the page with an id, of a type.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export const find = (id, type) => {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`The page has no ${type.name} with the id ${id}.`);
  return element;
};

/** @param {string} id */
export const $ = (id) => find(id, HTMLElement);

/**
 * The first descendant that a selector names.
 * @param {ParentNode} parent
 * @param {string} selector
 * @returns {HTMLElement}
 */
export const within = (parent, selector) => {
  const element = parent.querySelector(selector);
  if (!(element instanceof HTMLElement)) throw new Error(`The page has no ${selector}.`);
  return element;
};

/**
 * Sets attributes, and appends children.
 * @template {Element} T
 * @param {T} element
 * @param {Attributes} attributes
 * @param {(Child | null)[]} [children]
 * @returns {T}
 */
export const fill = (element, attributes, children = []) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
};

/**
 * An element with attributes, and children that are elements or text.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...(Child | null)} children
 */
export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

/**
 * The same in a drawing.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...(Child | null)} children
 */
export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/**
 * Radio buttons in a fieldset.
 * @template {string | number} T
 * @param {HTMLElement} fieldset
 * @param {string} name
 * @param {{value: T, label: Child}[]} options
 * @param {T} selected
 * @param {(value: T) => void} chosen Called with each choice, and at once with the first.
 */
export const choices = (fieldset, name, options, selected, chosen) => {
  fieldset.querySelectorAll("label").forEach((label) => label.remove());
  fieldset.append(
    ...options.map(({ value, label }) => {
      const input = el("input", { type: "radio", name, value, checked: value === selected });
      input.addEventListener("change", () => chosen(value));
      return el("label", {}, input, label);
    }),
  );
  chosen(selected);
};
