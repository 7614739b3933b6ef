// An editor for theories in the place of the plain field: colours, completion of names, and errors where they stand, as the
// parser of the server finds them. The field stays behind it and is what the form sends; without this file it is the editor.
"use strict";
(() => {
  const field = document.querySelector("#source");
  if (!field || !globalThis.CM) return;
  const { EditorState, EditorView, keymap, lineNumbers, highlightActiveLine, drawSelection, defaultKeymap, history, historyKeymap,
    StreamLanguage, syntaxHighlighting, HighlightStyle, bracketMatching, autocompletion, completionKeymap, closeBrackets,
    closeBracketsKeymap, lintKeymap, lintGutter, setDiagnostics, tags } = CM;

  // docs/mpl.md has what each of these means.
  const forms = {
    import: "a file, as (import \"naturals.mpl\")", use: "the theorems of another theory, as (use \"group.mpl\")",
    define: "a definition: (define name[x,y] formula)", theory: "the axioms: (theory Name[N,0,s] formula)",
    generated: "an induction: (generated \"name\" structure[…] N 0 s[N])", notation: "how values are written: (notation (in2[x,y,s]) (value y) (prefix \"s\"))",
    conjecture: "a goal: (conjecture name formula)", bounds: "how far to look: (bounds (atoms 5))",
  };
  const words = { or: "(or A B)", exists: "(exists[x] A)", iff: "(iff A B)", in: "in[x,S]: x is an element of S", in2: "in2[x,y,f]: f takes x to y", in3: "in3[x,y,z,f]: f takes x and y to z" };
  const delimiter = /[\s()[\],;"]/;
  const mpl = StreamLanguage.define({
    name: "mpl",
    startState: () => ({ head: false, text: false }),
    token(stream, state) {
      if (state.text) {
        while (!stream.eol()) if (stream.next() === "\"") { state.text = false; break; }
        return "string";
      }
      if (stream.eatSpace()) return null;
      const head = state.head;
      state.head = false;
      const next = stream.next();
      if (next === ";") { stream.skipToEnd(); return "comment"; }
      if (next === "\"") { state.text = true; return "string"; }
      if (next === "(") { state.head = true; return "bracket"; }
      if (/[)[\],]/.test(next)) return next === "," ? "punctuation" : "bracket";
      while (!stream.eol() && !delimiter.test(stream.peek())) stream.next();
      const word = stream.current();
      if (/^[&>!]$/.test(word) || Object.hasOwn(words, word) && head && !word.startsWith("in")) return "operator";
      if (head && Object.hasOwn(forms, word)) return "keyword";
      if (stream.peek() === "[") return "propertyName";
      return /^\d+$/.test(word) ? "number" : "variableName";
    },
    languageData: { commentTokens: { line: ";" }, closeBrackets: { brackets: ["(", "[", "\""] } },
  });
  const colours = HighlightStyle.define([
    { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
    { tag: tags.string, color: "var(--quiet)" },
    { tag: tags.keyword, fontWeight: "700" },
    { tag: tags.operator, color: "var(--accent)", fontWeight: "600" },
    { tag: tags.propertyName, color: "var(--link)" },
  ]);
  const look = EditorView.theme({
    "&": { color: "var(--text)", backgroundColor: "var(--raised)", border: "1px solid var(--quiet)", borderRadius: "6px", fontSize: "0.88rem" },
    "&.cm-focused": { outline: "2px solid var(--link)", outlineOffset: "1px" },
    ".cm-scroller": { fontFamily: "ui-monospace, \"DejaVu Sans Mono\", monospace", minHeight: "22em", maxHeight: "34em", overflow: "auto" },
    ".cm-content": { caretColor: "var(--text)" },
    ".cm-cursor": { borderLeftColor: "var(--text)" },
    ".cm-gutters": { color: "var(--quiet)", backgroundColor: "var(--raised)", border: "none" },
    ".cm-activeLine": { backgroundColor: "transparent", boxShadow: "inset 2px 0 var(--quiet)" },
    ".cm-tooltip": { color: "var(--text)", backgroundColor: "var(--raised)", border: "1px solid var(--quiet)" },
    ".cm-tooltip-autocomplete ul li[aria-selected]": { color: "var(--page)", backgroundColor: "var(--link)" },
    "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--mark)" },
  });

  // Names: the forms, what the parser knows of the theory and its imports, and what stands in the text.
  let known = [];
  const complete = (context) => {
    const before = context.matchBefore(/[^\s()[\],;"]+/);
    if (!before && !context.explicit) return null;
    const from = before ? before.from : context.pos;
    const head = context.state.sliceDoc(from - 1, from) === "(";
    const options = new Map();
    const add = (label, type, detail) => { if (label !== before?.text && !options.has(label)) options.set(label, { label, type, detail }); };
    if (head) Object.entries(forms).forEach(([label, detail]) => add(label, "keyword", detail));
    Object.entries(words).forEach(([label, detail]) => add(label, "keyword", detail));
    known.forEach(({ name, arity }) => add(name, "function", `${arity} ${arity === 1 ? "argument" : "arguments"}`));
    const text = context.state.doc.toString().replace(/;.*$/gm, "").replace(/"[^"]*"/g, "");
    for (const [word] of text.matchAll(/[^\s()[\],;"&>!]+/g)) if (word.length > 1) add(word, "variable");
    return { from, options: [...options.values()], validFor: /^[^\s()[\],;"]*$/ };
  };

  const host = document.createElement("div");
  host.className = "editor";
  // Within a tree of its own: the styles that it makes are none of the page, whose policy lets no other in.
  const root = host.attachShadow({ mode: "open" });
  field.before(host);
  const changed = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    field.value = update.state.doc.toString();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: field.value,
      extensions: [
        lineNumbers(), history(), drawSelection(), highlightActiveLine(), bracketMatching(), closeBrackets(), lintGutter(),
        autocompletion({ override: [complete] }), mpl, syntaxHighlighting(colours), look, changed, EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "Theory, in MPL", spellcheck: "false", autocapitalize: "off" }),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
      ],
    }),
  });
  field.hidden = true;
  // A field that nobody sees cannot be asked for; the server says what is missing.
  field.required = false;
  document.querySelector("label[for=source]")?.addEventListener("click", () => view.focus());

  field.addEventListener("diagnosed", ({ detail }) => {
    if (detail.names?.length) known = detail.names;
    // Places are counted in bytes of UTF-8, the editor's in units of UTF-16.
    const text = view.state.doc.toString();
    const bytes = new TextEncoder().encode(text);
    const units = (end) => new TextDecoder().decode(bytes.slice(0, end)).length;
    const own = detail.diagnostics.filter(({ labels }) => labels[0]?.file === "theory.mpl");
    const diagnostics = own.map(({ labels: [place], severity, message, help }) => {
      const from = Math.min(units(place.start), text.length);
      const to = Math.min(Math.max(units(place.end), from), text.length);
      return { from, to, severity: severity === "error" ? "error" : "warning", message: help ? `${message} (${help})` : message };
    });
    view.dispatch(setDiagnostics(view.state, diagnostics.sort((one, other) => one.from - other.from)));
  });
  field.addEventListener("seek", (event) => {
    event.preventDefault();
    view.dispatch({ selection: { anchor: event.detail.from, head: event.detail.to }, scrollIntoView: true });
    view.focus();
  });
})();
