// What the server's pages do beyond reading: theorems appear as they are found, and a text is looked at while it is
// written. Everything else works without this file.
"use strict";
(() => {
  const $ = (selector) => document.querySelector(selector);

  // The live page of a job.
  const job = $("#job");
  if (job && job.dataset.ended !== "true") {
    const list = $("#theorems");
    const most = 200;
    const link = (number, text) => {
      const anchor = document.createElement("a");
      anchor.href = `/runs/${job.dataset.run}/theorems/${number}`;
      anchor.textContent = text;
      return anchor;
    };
    const note = (text) => {
      const span = document.createElement("span");
      span.className = "note";
      span.textContent = text;
      return span;
    };
    const how = (theorem) => theorem.corollary ? "consequence" : theorem.variable ? `induction on ${theorem.variable}` : "direct";
    const source = new EventSource(`${job.dataset.events}?after=${job.dataset.after}`);
    source.addEventListener("theorem", (event) => {
      const theorem = JSON.parse(event.data);
      const row = document.createElement("li");
      row.className = "row new";
      row.value = theorem.number;
      row.append(link(theorem.number, theorem.math), " ", note(how(theorem)));
      list?.prepend(row);
      while (list && list.children.length > most) list.lastChild.remove();
      const count = $("#count");
      if (count) count.textContent = theorem.number;
      const site = $("#site");
      if (site) site.hidden = false;
    });
    source.addEventListener("goal", (event) => {
      const goal = JSON.parse(event.data);
      const row = document.createElement("li");
      row.className = "row";
      const verdict = document.createElement("b");
      verdict.textContent = goal.szs;
      row.append(verdict, " ", goal.theorem ? link(goal.theorem, goal.math) : goal.math);
      $("#answers")?.append(row);
    });
    // The tree of a question to the language model.
    const node = (path) => {
      const id = `node-${path.join("-")}`;
      let row = document.getElementById(id);
      if (!row && $("#nodes")) {
        row = document.createElement("li");
        row.className = "row";
        row.id = id;
        const name = note(path.length ? `branch ${path.join(".")}` : "question");
        const outcome = document.createElement("span");
        outcome.className = "outcome";
        name.append(outcome);
        const text = document.createElement("p");
        text.className = "answer";
        row.append(name, text);
        $("#nodes").append(row);
      }
      return row;
    };
    source.addEventListener("opened", (event) => node(JSON.parse(event.data).node));
    source.addEventListener("wrote", (event) => {
      const wrote = JSON.parse(event.data);
      const text = node(wrote.node)?.querySelector(".answer");
      if (text) text.textContent += wrote.text;
    });
    // The page of the server has the buttons.
    source.addEventListener("awaits", () => { source.close(); location.reload(); });
    source.addEventListener("node_ended", (event) => {
      const ended = JSON.parse(event.data);
      const outcome = node(ended.node)?.querySelector(".outcome");
      if (outcome) outcome.textContent = `: ${ended.outcome}`;
    });
    const progress = (event) => {
      const at = JSON.parse(event.data);
      const cycle = at.cycle ? `, cycle ${at.cycle}, ${at.blocks} blocks` : "";
      $("#state").textContent = "running";
      $("#progress").textContent = at.round === undefined ? cycle.replace(", ", ": ") : `: round ${at.round}, ${at.decided} of ${at.conjectures} conjectures decided${cycle}`;
    };
    source.addEventListener("round", progress);
    source.addEventListener("progress", progress);
    source.addEventListener("ended", () => { source.close(); location.reload(); });
    addEventListener("pagehide", () => source.close());
  }

  // Errors at their places while a theory is written, from the parser itself.
  const text = $("#source");
  const said = $("#diagnostics");
  if (text && said) {
    let waiting = 0;
    let asked = 0;
    const look = async () => {
      const mine = asked += 1;
      if (!text.value.trim()) { said.replaceChildren(); return; }
      let answer;
      try {
        const response = await fetch("/v1/lint", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ kind: "explore", source: text.value }),
        });
        if (!response.ok) return;
        answer = await response.json();
      } catch {
        return; // Without an answer nothing is said; the form itself says what is wrong.
      }
      if (mine !== asked) return;
      text.dispatchEvent(new CustomEvent("diagnosed", { detail: answer }));
      const rows = answer.diagnostics.slice(0, 20).map((found) => {
        const row = document.createElement("li");
        const place = found.labels[0];
        const where = document.createElement("button");
        where.type = "button";
        where.textContent = place ? `${found.severity}, line ${place.line}` : found.severity;
        if (place && place.file === "theory.mpl") {
          where.addEventListener("click", () => {
            // Places are counted in bytes of UTF-8, selections in units of UTF-16.
            const bytes = new TextEncoder().encode(text.value);
            const units = (end) => new TextDecoder().decode(bytes.slice(0, end)).length;
            const range = { from: units(place.start), to: units(place.end) };
            // An editor in its place takes it over.
            if (!text.dispatchEvent(new CustomEvent("seek", { detail: range, cancelable: true }))) return;
            text.focus();
            text.setSelectionRange(range.from, range.to);
          });
        } else {
          where.disabled = true;
        }
        row.append(where, " ", found.message, found.help ? ` (${found.help})` : "");
        return row;
      });
      const list = document.createElement("ul");
      list.append(...rows);
      said.replaceChildren(...(rows.length ? [list] : []));
    };
    text.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, 400); });
    if (text.value) look();
  }
})();
