// @ts-check
/// <reference lib="dom" />
/** The ring as a circle: an arc for each member, as long as its share. @module */

import { byId, fill, say, svg } from "./dom.js";
import { count, percent } from "./format.js";

/** @typedef {import("./api.js").MemberView} MemberView */
/** @typedef {{member: string, share: number, text: string}} Arc */

const GOLDEN_ANGLE = 137.5;

/**
 * Creates the drawing.
 *
 * @param {object} deps
 * @param {import("./format.js").Words} deps.words
 */
export function createRing({ words }) {
  const drawing = byId("ring-drawing");
  const told = byId("ring-told");
  /** @type {readonly Arc[]} */
  let arcs = [];
  /** @type {readonly Arc[]} */
  let planned = [];
  let index = -1;
  let drawn = "";

  /**
   * @param {readonly Arc[]} parts
   * @param {readonly [inner: number, outer: number]} radii
   */
  function circle(parts, [inner, outer]) {
    let from = 0;
    return parts.map(({ member, share }, i) => {
      const to = from + share;
      const path = svg("path", {
        d: arcPath(from, Math.min(to, from + 0.99999), inner, outer),
        class: "arc",
        "data-index": i,
        fill: colourOf(member),
      });
      from = to;
      return path;
    });
  }

  function draw() {
    const text = JSON.stringify([arcs, planned]);
    if (text === drawn) return;
    drawn = text;
    fill(
      drawing,
      ...circle(arcs, planned.length > 0 ? [54, 74] : [60, 96]),
      ...circle(planned, [78, 98]),
      svg("text", { x: 0, y: 0, "text-anchor": "middle", class: "ring-sum" }, count(arcs.length)),
      svg("text", { x: 0, y: 18, "text-anchor": "middle", class: "ring-unit" }, words("members")),
    );
    tell(Math.min(index, arcs.length - 1));
  }

  /** @param {number} next */
  function tell(next) {
    index = next;
    for (const arc of drawing.querySelectorAll(".arc")) arc.classList.remove("told");
    const arc = arcs[index];
    if (arc) drawing.querySelectorAll(".arc")[index]?.classList.add("told");
    say(told, arc ? arc.text : words("ringDrawn"));
  }

  drawing.addEventListener("pointermove", ({ target }) => {
    const at = target instanceof Element ? target.getAttribute("data-index") : null;
    if (at !== null && Number(at) !== index) tell(Number(at));
  });
  drawing.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0 || arcs.length === 0) return;
    event.preventDefault();
    tell((Math.max(index, step < 0 ? 0 : -1) + step + arcs.length) % arcs.length);
  });

  return {
    /** @param {readonly MemberView[]} members */
    show(members) {
      arcs = members.filter(({ share }) => share !== undefined).map((view) => ({
        member: view.member,
        share: view.share ?? 0,
        text: `${view.member}: ${percent(view.share)}, ${count(view.groups)} ${words("groups")}`,
      }));
      draw();
    },
    /**
     * Draws a second circle around it: what a change would make of it.
     *
     * @param {import("./api.js").Plan | undefined} plan
     */
    preview(plan) {
      const all = plan?.balance.reduce((sum, { after }) => sum + after, 0) ?? 0;
      planned = all === 0 ? [] : (plan?.balance ?? []).map(({ member, after }) => ({
        member,
        share: after / all,
        text: "",
      }));
      draw();
    },
  };
}

/**
 * A colour of its own for each member, which stays when others come and go.
 *
 * @param {string} member
 */
export function colourOf(member) {
  let hash = 0;
  for (const character of member) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return `hsl(${((hash % 360) * GOLDEN_ANGLE) % 360} 55% ${45 + (hash % 3) * 8}%)`;
}

/**
 * A piece of a ring, clockwise from the top.
 *
 * @param {number} from a part of the circle
 * @param {number} to
 * @param {number} inner
 * @param {number} outer
 */
export function arcPath(from, to, inner, outer) {
  const at = (/** @type {number} */ part, /** @type {number} */ radius) => {
    const angle = 2 * Math.PI * part;
    return `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
  };
  const large = to - from > 0.5 ? 1 : 0;
  return `M${at(from, outer)}A${outer} ${outer} 0 ${large} 1 ${at(to, outer)}` +
    `L${at(to, inner)}A${inner} ${inner} 0 ${large} 0 ${at(from, inner)}Z`;
}
