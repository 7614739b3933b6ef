// What a page does beyond reading: search, keys, the colour scheme, folding, the graph. Everything
// else works without this file.
"use strict";
(() => {
  const page = document.documentElement;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  for (const element of $$(".tools, .tools-proof, .zoom")) element.hidden = false;

  // Scheme: as the system says, light, dark.
  const schemeButton = $("#scheme");
  const showScheme = () => { schemeButton.textContent = `Scheme: ${page.dataset.scheme ?? "auto"}`; };
  schemeButton.addEventListener("click", () => {
    const next = { undefined: "dark", dark: "light", light: undefined }[page.dataset.scheme];
    if (next) page.dataset.scheme = next; else delete page.dataset.scheme;
    try {
      if (next) localStorage.setItem("theoremata-scheme", next); else localStorage.removeItem("theoremata-scheme");
    } catch {
      // Without storage the choice holds for this page.
    }
    showScheme();
  });
  showScheme();

  // Search. The index comes in scripts, because a page from a disk may not fetch; they are loaded when
  // somebody first turns to the field.
  const field = $("#search");
  const list = $("#found");
  const status = $("#found-count");
  const entries = [];
  let asked = false;
  let chosen = -1;
  const plain = (text) => text.toLowerCase().replace(/\s+/g, "");
  // Single letters by order of first use, so that `x+y` finds `a+b`.
  const renamed = (text) => {
    const names = new Map();
    return plain(text.replace(/^[∀∃][^:]*:/u, "")).replace(/(?<![a-z])[a-z](?![a-z])/g, (letter) => {
      if (!names.has(letter)) names.set(letter, `‹${names.size}›`);
      return names.get(letter);
    });
  };
  const typed = (text) => text.replace(/\*/g, "·").replace(/<=/g, "≤").replace(/!=/g, "≠").replace(/->/g, "→");
  window.theoremataFound = (rows) => {
    for (const [kind, title, href, statement, mpl] of rows) {
      entries.push({ kind, title, href, statement, text: plain(`${title} ${statement} ${mpl}`), shape: renamed(statement) });
    }
    if (field.value) search();
  };
  const load = () => {
    if (asked) return;
    asked = true;
    for (let piece = 1; piece <= Number(page.dataset.pieces); piece += 1) {
      const script = document.createElement("script");
      script.src = `${page.dataset.root}assets/index-${piece}.js`;
      document.head.append(script);
    }
  };
  const close = () => {
    list.hidden = true;
    chosen = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const choose = (next) => {
    const options = $$("li", list);
    if (!options.length) return;
    chosen = (next + options.length) % options.length;
    options.forEach((option, place) => option.setAttribute("aria-selected", String(place === chosen)));
    field.setAttribute("aria-activedescendant", options[chosen].id);
    options[chosen].scrollIntoView({ block: "nearest" });
  };
  const search = () => {
    const query = field.value.trim();
    if (!query) { close(); status.textContent = ""; return; }
    const whole = plain(typed(query));
    const raw = plain(query);
    const words = query.toLowerCase().split(/\s+/);
    const shape = renamed(typed(query));
    const scored = [];
    entries.forEach((entry, place) => {
      let score = 0;
      if (plain(entry.title) === raw || (/^\d+$/.test(raw) && plain(entry.title).replace(/:.*/, "") === `theorem${raw}`)) score = 6;
      else if (entry.shape === shape) score = 5;
      else if (entry.text.includes(whole) || entry.text.includes(raw)) score = 4;
      else if (shape.length > 4 && entry.shape.includes(shape)) score = 3;
      else if (words.every((word) => entry.text.includes(word))) score = 2;
      if (score) scored.push([score, place]);
    });
    scored.sort((one, other) => other[0] - one[0] || one[1] - other[1]);
    list.replaceChildren(...scored.slice(0, 40).map(([, place], number) => {
      const entry = entries[place];
      const option = document.createElement("li");
      option.id = `found-${number}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.href = entry.href;
      const title = document.createElement("b");
      title.textContent = entry.title;
      option.append(title, entry.statement);
      return option;
    }));
    chosen = -1;
    field.removeAttribute("aria-activedescendant");
    list.hidden = scored.length === 0;
    field.setAttribute("aria-expanded", String(scored.length > 0));
    status.textContent = scored.length === 0 ? "Nothing found" : `${scored.length} found`;
  };
  const go = (option) => { location.href = page.dataset.root + option.dataset.href; };
  field.addEventListener("focus", load);
  field.addEventListener("input", () => { load(); search(); });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen < 0 ? -1 : chosen - 1);
    else if (event.key === "Enter") { const option = $$("li", list)[Math.max(chosen, 0)]; if (option) go(option); }
    else if (event.key === "Escape") { if (list.hidden) field.blur(); else close(); }
    else return;
    event.preventDefault();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => { const option = event.target.closest("li"); if (option) go(option); });
  field.addEventListener("blur", close);

  // Folding.
  const fold = $("#fold");
  const scopes = $$("details.scope");
  const foldAll = () => {
    const open = scopes.every((scope) => !scope.open);
    for (const scope of scopes) scope.open = open;
    fold.textContent = open ? "Fold all blocks" : "Unfold all blocks";
  };
  if (fold) {
    fold.addEventListener("click", foldAll);
    fold.closest("p").hidden = scopes.length === 0;
  }
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let around = target && target.parentElement; around; around = around.parentElement) {
      if (around.tagName === "DETAILS" && !around.open) { around.open = true; target.scrollIntoView(); }
    }
  };
  addEventListener("hashchange", reveal);
  reveal();
  addEventListener("beforeprint", () => { for (const scope of scopes) scope.open = true; });

  // Pointing at a reference lights the step that it means.
  const light = (event, on) => {
    const reference = event.target.closest?.("a.ref[href^='#']");
    if (reference) document.getElementById(reference.hash.slice(1))?.classList.toggle("cited", on);
  };
  for (const [start, end] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
    document.addEventListener(start, (event) => light(event, true));
    document.addEventListener(end, (event) => light(event, false));
  }

  // Keys.
  const help = $("#help");
  $("#keys").addEventListener("click", () => help.showModal());
  let row = -1;
  const move = (step) => {
    const rows = $$("main .row").filter((each) => each.checkVisibility());
    if (!rows.length) return;
    rows[row]?.classList.remove("at");
    $$(".row.at").forEach((each) => each.classList.remove("at"));
    row = Math.min(Math.max(row + step, 0), rows.length - 1);
    rows[row].classList.add("at");
    rows[row].scrollIntoView({ block: "nearest" });
    (rows[row].querySelector("a, summary") ?? rows[row]).focus({ preventScroll: true });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, textarea, select") || help.open) return;
    const scrolls = event.target.matches?.(".scroll, .scroll *");
    const actions = {
      "/": () => field.focus(),
      "?": () => help.showModal(),
      j: () => move(1),
      k: () => move(-1),
      f: () => { if (fold) foldAll(); },
      ArrowLeft: () => { if (!scrolls) $("a[rel=prev]")?.click(); },
      ArrowRight: () => { if (!scrolls) $("a[rel=next]")?.click(); },
    };
    const action = actions[event.key];
    if (!action || (scrolls && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    action();
  });

  // Graphs: what a theorem cites lights up; the whole graph can be moved and zoomed.
  const pointed = $(".pointed");
  if (pointed) pointed.hidden = false;
  for (const graph of $$("svg.graph")) {
    const paths = new Map($$(".edges path", graph).map((path) => [path.dataset.of, path]));
    const show = (event, on) => {
      const node = event.target.closest?.("a.n");
      if (!node) return;
      paths.get(node.dataset.n)?.classList.toggle("lit", on);
      if (pointed) pointed.textContent = on ? node.getAttribute("aria-label") ?? `Theorem ${node.textContent}` : "\u00a0";
    };
    for (const [start, end] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
      graph.addEventListener(start, (event) => show(event, true));
      graph.addEventListener(end, (event) => show(event, false));
    }
  }
  const picture = $(".picture.whole");
  const drawing = picture && $("svg", picture);
  if (drawing) {
    const width = Number(drawing.getAttribute("width"));
    const height = Number(drawing.getAttribute("height"));
    let scale = 1;
    const zoom = (next) => {
      scale = Math.min(Math.max(next, 0.05), 8);
      drawing.setAttribute("width", Math.round(width * scale));
      drawing.setAttribute("height", Math.round(height * scale));
    };
    const fit = () => zoom(Math.min(1, (picture.clientWidth - 20) / width));
    for (const button of $$("[data-zoom]")) {
      button.addEventListener("click", () => {
        if (button.dataset.zoom === "fit") fit(); else zoom(scale * (button.dataset.zoom === "in" ? 1.3 : 1 / 1.3));
      });
    }
    let from = null;
    picture.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && event.pointerType === "mouse") from = [event.clientX + picture.scrollLeft, event.clientY + picture.scrollTop];
    });
    addEventListener("pointermove", (event) => {
      if (!from) return;
      picture.scrollLeft = from[0] - event.clientX;
      picture.scrollTop = from[1] - event.clientY;
    });
    addEventListener("pointerup", () => { from = null; });
    drawing.addEventListener("dragstart", (event) => event.preventDefault());
  }
})();
