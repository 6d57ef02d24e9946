// @ts-check
/**
 * What the field screens share: the page's own data and words, requests, ids and distances.
 *
 * A page hands over its addresses and words in one <script type="application/json" id="page-data">.
 */

/** @typedef {{lon: number, lat: number}} Point */
/** @typedef {{status: number, body: any}} Answer */

/**
 * @template {HTMLElement} T
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {T}
 */
export function find(selector, root = document) {
  const element = root.querySelector(selector);
  if (!element) throw new Error(`missing in this page: ${selector}`);
  return /** @type {T} */ (element);
}

const data = JSON.parse(find("#page-data").textContent ?? "{}");

/** Addresses, words and facts that the server put into this page. */
export const page = /** @type {{words: Record<string, string>, urls: Record<string, string>, [key: string]: any}} */ (data);

/**
 * A sentence of this page in the reader's language; `{name}` stands for a parameter.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [parameters]
 */
export function say(key, parameters = {}) {
  const sentence = page.words[key];
  if (sentence === undefined) throw new Error(`no words for: ${key}`);
  return sentence.replace(/\{(\w+)\}/g, (_, name) => String(parameters[name] ?? ""));
}

/** The request was sent, or tried, and no answer came: nobody knows whether the server has it. */
export class NoAnswer extends Error {}

/**
 * Ask the server. An answer of any status is returned; none at all throws {@link NoAnswer}.
 *
 * @param {string} url
 * @param {{method?: string, json?: unknown, body?: Blob, signal?: AbortSignal, patience_ms?: number}} [options]
 * @returns {Promise<Answer>}
 */
export async function ask(url, { method = "GET", json, body, signal, patience_ms = 20_000 } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = page.csrf_token;
  if (json !== undefined) headers["Content-Type"] = "application/json";
  const giveUp = new AbortController();
  const patience = setTimeout(() => giveUp.abort(), patience_ms);
  signal?.addEventListener("abort", () => giveUp.abort());
  try {
    const response = await fetch(url, {
      method,
      headers,
      body: json === undefined ? body : JSON.stringify(json),
      signal: giveUp.signal,
      credentials: "same-origin",
    });
    return { status: response.status, body: await readBody(response) };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new NoAnswer(String(error));
  } finally {
    clearTimeout(patience);
  }
}

/** @param {Response} response */
async function readBody(response) {
  if (!/json/.test(response.headers.get("Content-Type") ?? "")) return null;
  return response.json();
}

/** A random version 4 UUID; unlike crypto.randomUUID this also works where the page came without HTTPS. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * A length as people say it: 35 m, 1.2 km.
 *
 * @param {number} distance_m
 */
export function sayDistance(distance_m) {
  return distance_m < 1000
    ? say("distance_m", { m: distance_m < 20 ? Math.round(distance_m) : Math.round(distance_m / 10) * 10 })
    : say("distance_km", { km: (distance_m / 1000).toFixed(1) });
}

/**
 * Make an element: text goes in as text, never as markup.
 *
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * A symbol of the page's sprite.
 *
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${page.urls.sprite}#${name}`);
  svg.append(use);
  return svg;
}
