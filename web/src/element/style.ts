/** The element's looks. Colours and sizes are custom properties, so that a page can change them from outside. */
export const style = new CSSStyleSheet();

style.replaceSync(`
:host {
  --accent: light-dark(#4f46e5, #8b87ff);
  --accent-ink: light-dark(#ffffff, #12121c);
  --assistant: light-dark(#0d9488, #2dd4bf);
  --danger: light-dark(#b42318, #ff8b80);
  --surface: light-dark(#ffffff, #191a23);
  --raised: light-dark(#f4f4f8, #23252f);
  --line: light-dark(#e2e2ea, #343743);
  --ink: light-dark(#1b1c26, #ececf3);
  --muted: light-dark(#5e6070, #a5a8ba);
  --radius: 1.25rem;
  color-scheme: light dark;
  display: block;
  min-width: 0;
  font: 400 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  color: var(--ink);
}
:host([hidden]) { display: none; }
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
p, ol { margin: 0; padding: 0; }
button, input { font: inherit; color: inherit; }

.card {
  display: flex;
  flex-direction: column;
  height: 100%;
  min-height: 0;
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: var(--radius);
  overflow: hidden;
}

/* Who speaks. */
.head { display: flex; align-items: center; gap: 1rem; padding: 1.1rem 1.25rem; border-bottom: 1px solid var(--line); }
.orb { --level: 0; position: relative; flex: none; width: 3rem; height: 3rem; }
.orb::before, .orb::after { content: ""; position: absolute; inset: 0; border-radius: 50%; }
.orb { --orb: color-mix(in srgb, var(--accent) 40%, var(--muted)); }
.orb::after {
  background: radial-gradient(circle at 32% 26%, color-mix(in srgb, var(--orb) 45%, #fff), var(--orb) 68%);
  box-shadow: inset 0 -.15rem .4rem color-mix(in srgb, var(--orb) 82%, #000);
}
.orb::before {
  background: var(--orb);
  opacity: .22;
  transform: scale(calc(1 + .55 * var(--level)));
  transition: transform .08s linear;
}
.words { flex: 1; min-width: 0; }
.state { font-weight: 650; font-size: 1.08rem; line-height: 1.3; }
.hint { color: var(--muted); font-size: .875rem; line-height: 1.4; }
.meters { display: grid; gap: .4rem; flex: none; font-size: .72rem; color: var(--muted); }
.meter { display: grid; grid-template-columns: auto 4.5rem; gap: .5rem; align-items: center; justify-content: end; }
.meter span { text-align: right; }
.bar { height: .4rem; border-radius: 1rem; background: var(--raised); overflow: hidden; }
.bar i {
  --level: 0;
  display: block;
  height: 100%;
  border-radius: inherit;
  background: var(--tone);
  transform: scaleX(var(--level));
  transform-origin: left;
  transition: transform .08s linear;
}
.user { --tone: var(--accent); }
.assistant { --tone: var(--assistant); }

.card[data-state="listening"] .orb { --orb: var(--accent); }
.card[data-state="hearing"] .orb { --orb: var(--accent); }
.card[data-state="speaking"] .orb { --orb: var(--assistant); }
.card[data-state="thinking"] .orb { --orb: var(--assistant); }
.card[data-state="reconnecting"] .orb { --orb: light-dark(#d97706, #fbbf24); }
.card:is([data-state="thinking"], [data-state="connecting"], [data-state="reconnecting"]) .orb::before { animation: wait 1.3s ease-in-out infinite; }
@keyframes wait { 50% { transform: scale(1.45); opacity: .08; } }

/* What was said. */
.lines { flex: 1; min-height: 9rem; overflow-y: auto; overscroll-behavior: contain; padding: 1.1rem 1.25rem; scroll-behavior: smooth; }
.lines:focus-visible { outline-offset: -3px; }
.lines ol { list-style: none; display: flex; flex-direction: column; gap: .6rem; }
.empty { height: 100%; display: grid; place-content: center; text-align: center; color: var(--muted); padding: 1rem; max-width: 26rem; margin: auto; }
.line { max-width: 85%; padding: .55rem .9rem; border-radius: 1.1rem; overflow-wrap: anywhere; }
.line[data-role="user"] { align-self: flex-end; background: var(--accent); color: var(--accent-ink); border-bottom-right-radius: .3rem; }
.line[data-role="assistant"] { align-self: flex-start; background: var(--raised); border-bottom-left-radius: .3rem; }
.line[data-stage="speculative"] { color: var(--muted); }
.line[data-role="user"][data-stage="speculative"] { color: var(--accent-ink); opacity: .75; }
.line s { color: var(--muted); text-decoration-thickness: 1px; }

/* What went wrong. */
.alert { display: flex; gap: .75rem; align-items: start; margin: 0 1.25rem 1rem; padding: .7rem .5rem .7rem .9rem; border-radius: .8rem; border: 1px solid color-mix(in srgb, var(--danger) 45%, transparent); background: color-mix(in srgb, var(--danger) 9%, var(--surface)); font-size: .92rem; }
.alert > div { flex: 1; min-width: 0; }
.alert strong { display: block; font-weight: 600; color: var(--danger); }
.alert span { color: var(--muted); }

/* What can be done. */
.type { display: flex; gap: .5rem; padding: 0 1.25rem 1rem; }
.type input { flex: 1; min-width: 0; padding: .6rem .95rem; border-radius: 2rem; border: 1px solid var(--line); background: var(--raised); }
.type input::placeholder { color: var(--muted); opacity: 1; }
.controls { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem; padding: .9rem 1.25rem; border-top: 1px solid var(--line); background: color-mix(in srgb, var(--raised) 55%, var(--surface)); }
button { display: inline-flex; align-items: center; justify-content: center; gap: .5rem; min-height: 2.75rem; padding: .4rem 1rem; border: 1px solid var(--line); border-radius: 2rem; background: var(--surface); cursor: pointer; touch-action: manipulation; user-select: none; -webkit-user-select: none; }
button:hover:not(:disabled) { border-color: var(--muted); }
button:disabled { opacity: .45; cursor: default; }
button svg { width: 1.15rem; height: 1.15rem; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.primary { background: var(--accent); border-color: transparent; color: var(--accent-ink); font-weight: 600; padding-inline: 1.3rem; }
.primary:hover:not(:disabled) { border-color: transparent; filter: brightness(1.08); }
.card[data-live] .primary { background: transparent; color: var(--danger); border-color: color-mix(in srgb, var(--danger) 50%, transparent); }
button[aria-pressed="true"] { background: color-mix(in srgb, var(--danger) 14%, var(--surface)); border-color: var(--danger); color: var(--danger); }
.talk[aria-pressed="true"] { background: var(--accent); border-color: transparent; color: var(--accent-ink); }
.mute[aria-pressed="true"] svg:first-child, .mute[aria-pressed="false"] svg:last-child { display: none; }
.icon { min-width: 2.75rem; padding: .4rem; }
.close { min-height: 1.9rem; min-width: 1.9rem; padding: 0; border: 0; background: none; }
.volume { display: flex; align-items: center; gap: .5rem; margin-left: auto; color: var(--muted); }
.volume svg { width: 1.15rem; height: 1.15rem; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
input[type="range"] { width: 6.5rem; accent-color: var(--accent); min-height: 1.75rem; }
:focus-visible { outline: 3px solid color-mix(in srgb, var(--accent) 65%, transparent); outline-offset: 2px; }
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

:host([compact]) :is(.lines, .type) { display: none; }
:host([compact]) .head { border-bottom: 0; }

@container (max-width: 30rem) { .meters { display: none; } .volume { margin-left: 0; flex: 1; } input[type="range"] { flex: 1; width: auto; } .primary { flex: 1 0 auto; } }
:host { container-type: inline-size; }
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; scroll-behavior: auto !important; }
  .orb::before { transform: none; opacity: calc(.12 + .3 * var(--level)); }
}
@media (forced-colors: active) { .orb::after, .bar i { background: CanvasText; } button[aria-pressed="true"] { border-width: 3px; } }
`);
