// A small bar in each page: that it records, how many steps there are, pause, undo, the objective, done. The page does
// not hear what is done in it, and it is left out of what is recorded.
(() => {
  const own = window.__apprentice;
  const OPTIONS = __OPTIONS__;
  if (own && own.bar) { own.bar.again(); return; }
  const tell = own && own.recorder && own.recorder.order;
  if (!tell) return;
  delete own.recorder.order; // or a page could speak in the person's name
  if (!OPTIONS.bar || window.parent !== window) return;
  const TAG = 'apprentice-bar';
  let state = { steps: 0, paused: false, goal: '' };
  let host, root, box, words, pause, goal;
  const build = () => {
    host = document.createElement(TAG);
    root = host.attachShadow({ mode: 'closed' });
    const style = new CSSStyleSheet();
    style.replaceSync(`:host { all: initial !important; position: fixed !important; right: 8px !important; bottom: 8px !important; z-index: 2147483647 !important; }
      :host([away]) { opacity: 0 !important; }
      div { display: flex; gap: 6px; align-items: center; font: 12px/1.4 system-ui, sans-serif; color: #fff; background: #222; border: 2px solid #c01f2e; border-radius: 6px; padding: 4px 8px; }
      .paused { border-color: #777; } button, input { font: inherit; border: 0; border-radius: 4px; padding: 2px 8px; } input { width: 16em; }`);
    root.adoptedStyleSheets = [style];
    box = document.createElement('div');
    const make = (tag, order, text) => { const made = document.createElement(tag); made.dataset.order = order; made.textContent = text; box.append(made); return made; };
    words = make('span', '', '');
    pause = make('button', 'pause', 'Pause');
    make('button', 'undo', 'Undo');
    goal = make('input', 'goal', '');
    goal.placeholder = 'What is it that you are doing?';
    make('button', 'end', 'Done');
    root.append(box);
    root.addEventListener('change', say); // does not leave the root by itself
  };
  const draw = () => {
    words.textContent = `${state.paused ? 'Paused' : '\u25cf Recording'} \u00b7 ${state.steps} step${state.steps === 1 ? '' : 's'}`;
    box.className = state.paused ? 'paused' : '';
    pause.textContent = state.paused ? 'Go on' : 'Pause';
    pause.dataset.order = state.paused ? 'resume' : 'pause';
    if (root.activeElement !== goal) goal.value = state.goal;
  };
  const say = () => { if (goal.value.trim() && goal.value.trim() !== state.goal) tell('goal', { text: goal.value.trim() }); };
  const EVENTS = 'pointerdown pointerup mousedown mouseup click dblclick auxclick contextmenu keydown keypress keyup beforeinput input change focusin focusout focus blur wheel pointermove mousemove mouseover pointerover'.split(' ');
  const guard = () => EVENTS.forEach((type) => {
    window.addEventListener(type, (event) => {
      if (event.target !== host) return;
      event.stopImmediatePropagation();
      if (!event.isTrusted) { event.preventDefault(); return; }
      if (type === 'click') {
        const pressed = root.elementFromPoint(event.clientX, event.clientY);
        const order = pressed && pressed.localName === 'button' && pressed.dataset.order;
        if (order) { say(); tell(order, {}); }
      } else if (type === 'keydown' && event.key === 'Enter') say();
    }, { capture: true });
  });
  const stand = () => { if (document.documentElement && !host.isConnected) document.documentElement.append(host); };
  const ready = () => { stand(); tell('ready', {}); };
  let builtIn = null;
  const again = () => {
    if (builtIn === document) return;
    builtIn = document;
    build();
    guard();
    draw();
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', ready, { once: true });
    else ready();
    window.addEventListener('load', stand, { once: true });
  };
  own.bar = {
    show: (told) => { state = told; draw(); stand(); },
    hide: (away) => host.toggleAttribute('away', away),
    again,
  };
  again();
})();
