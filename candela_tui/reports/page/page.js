"use strict";
(() => {
  const MOST_HITS = 10000;
  const SLICE_MS = 12;
  const find = selector => document.querySelector(selector);
  const every = selector => document.querySelectorAll(selector);
  const pause = () => new Promise(resolve => setTimeout(resolve));

  function unfold(node) {
    for (let each = node; each; each = each.parentElement) {
      if (each.localName === "details") each.open = true;
    }
  }

  // What a link leads to may be folded.
  function follow() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    unfold(target);
    target.scrollIntoView();
  }

  // The user's prompts, in the contents beside the session.
  function outline() {
    for (const list of every("[data-outline]")) {
      for (const turn of every(`#${list.dataset.outline} .turn[data-words]`)) {
        const entry = document.createElement("li");
        const link = document.createElement("a");
        entry.className = "prompt";
        link.href = `#${turn.id}`;
        link.textContent = turn.dataset.words;
        entry.append(link);
        const section = list.querySelector(`[href="#${turn.parentElement.id}"]`);
        if (section && turn.parentElement.localName === "section") {
          let last = section.parentElement;
          while (last.nextElementSibling?.className === "prompt") last = last.nextElementSibling;
          last.after(entry);
        }
      }
    }
  }

  const form = find("search form");
  const words = form.elements.words;
  const status = form.querySelector("output");
  let hits = [];
  let at = -1;
  let latest = 0;
  let finished = true;

  function show() {
    const count = `${hits.length.toLocaleString("en")}${hits.length === MOST_HITS ? "+" : ""}${finished ? "" : "…"}`;
    status.value = words.value.trim() === "" ? "" : hits.length ? `${at + 1} of ${count}` : finished ? "no hits" : "…";
  }

  function rangesOf(block, spans) {
    const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    const place = { node: walker.nextNode(), start: 0 };
    const seek = offset => {
      while (place.node && offset > place.start + place.node.length) {
        place.start += place.node.length;
        place.node = walker.nextNode();
      }
      return [place.node, offset - place.start];
    };
    return spans.map(([start, end]) => {
      const range = document.createRange();
      range.setStart(...seek(start));
      range.setEnd(...seek(end));
      return range;
    });
  }

  const highlights = typeof Highlight === "function" && CSS.highlights;
  function paint(name, ranges) {
    if (highlights) highlights.set(name, new Highlight(...ranges));
  }

  async function search() {
    const mine = ++latest;
    const text = words.value.trim();
    hits = [];
    at = -1;
    finished = text === "";
    paint("hit", []);
    paint("now", []);
    show();
    if (finished) return;
    const pattern = new RegExp(text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&").replace(/\s+/g, "\\s+"), "giu");
    let began = performance.now();
    for (const block of every(".t")) {
      const spans = Array.from(block.textContent.matchAll(pattern), hit => [hit.index, hit.index + hit[0].length]);
      if (spans.length) hits.push(...rangesOf(block, spans.slice(0, MOST_HITS - hits.length)));
      if (hits.length && at < 0) go(1);
      if (hits.length === MOST_HITS) break;
      if (performance.now() - began > SLICE_MS) {
        show();
        await pause();
        if (mine !== latest) return;
        began = performance.now();
      }
    }
    finished = true;
    paint("hit", hits);
    show();
  }

  function go(step) {
    if (!hits.length) return;
    at = (at + step + hits.length) % hits.length;
    const range = hits[at];
    const element = range.startContainer.parentElement;
    unfold(element);
    paint("now", [range]);
    if (!highlights) getSelection().setBaseAndExtent(range.startContainer, range.startOffset, range.endContainer, range.endOffset);
    const turn = element.closest(".turn");
    if (turn) turn.scrollIntoView({ block: "nearest" });
    // A turn has its real height once it is near the view.
    const centre = () => {
      const place = range.getBoundingClientRect();
      if (place.top < 80 || place.bottom > innerHeight - 40) scrollBy(0, place.top - innerHeight / 2);
    };
    centre();
    requestAnimationFrame(() => { centre(); requestAnimationFrame(centre); });
    show();
  }

  function step(forward) {
    const turns = [...every(".turn")].filter(turn => turn.checkVisibility());
    const here = document.documentElement.scrollTop + 80;
    const tops = turns.map(turn => turn.getBoundingClientRect().top + document.documentElement.scrollTop);
    const next = forward ? tops.findIndex(top => top > here + 4) : tops.findLastIndex(top => top < here - 4);
    if (next >= 0) turns[next].scrollIntoView();
  }

  let typing = 0;
  words.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(search, 150);
  });
  form.addEventListener("submit", event => {
    event.preventDefault();
    go(1);
  });
  form.elements.back.addEventListener("click", () => go(-1));
  find(".folds").addEventListener("click", event => {
    const button = event.target.closest("button");
    if (!button) return;
    const open = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", open);
    for (const each of every(`details.${button.dataset.folds}`)) each.open = open;
  });
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === words) {
      if (event.key === "Enter" && event.shiftKey) { event.preventDefault(); go(-1); }
      if (event.key === "Escape") { words.value = ""; words.blur(); search(); }
      return;
    }
    const keys = {
      "/": () => words.focus(), n: () => go(1), N: () => go(-1), j: () => step(true), k: () => step(false),
    };
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
  addEventListener("hashchange", follow);
  document.addEventListener("DOMContentLoaded", () => {
    outline();
    if (location.hash) follow();
  });
  for (const each of every(".bar [hidden]")) each.hidden = false;
})();
