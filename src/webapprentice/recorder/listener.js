// Hears what a person does, before the page does, and says so with the page as it was at that moment. What a script
// of the page does is not heard. Everything is told through a binding that the page never sees.
(() => {
  const own = window.__apprentice;
  if (own && own.recording) { own.recording(); return; } // the window of an empty first document is used again
  const ring = window.__apprentice_ring;
  delete window.__apprentice_ring;
  if (!own || !ring) return;
  const { stringify } = JSON; // kept from before the page's scripts could change it
  const OPTIONS = __OPTIONS__;
  const BAR = 'apprentice-bar';
  const REST = 80; // ms without a change until the page counts as at rest
  const UNREST = 1000; // ms after which an ever changing page counts as at rest all the same
  const FAR = 5; // px that a press may slip without being a drag
  const { later, forget } = own.clock;
  const all = [];
  const hear = (type, listener) => all.push([type, listener]);

  // The outermost document around this one that can be spoken to: it reads the page for all of them.
  let top = window;
  try { while (top !== top.parent && top.parent.__apprentice) top = top.parent; } catch { /* another origin */ }
  const foreign = top.parent !== top;
  const chief = () => top.__apprentice;
  const tell = (kind, more) => ring(own.answer({ kind, at: performance.timeOrigin + performance.now(), ...more }));

  // What is secret stays secret: a field that once held a password is one for ever.
  const KINDS = [
    ['cvc', /\b(cc-csc|cvc2?|cvv2?|csc)\b|security.?code/i],
    ['card', /\b(cc-number|cc-?num|card-?(number|no|num))\b|credit.?card|card.?number/i],
    ['code', /one-time-code|\botp\b|\b2fa\b|\bmfa\b|verification.?code|passcode/i],
    ['ssn', /\bssn\b|social.?security/i],
    ['password', /passw|passphrase|\bpwd\b/i],
    ['token', /token|api.?key|secret|\bcsrf|\bxsrf|session.?id|nonce/i],
  ];
  const passwords = new WeakSet();
  const secrecy = (element) => {
    if (element.localName !== 'input' && element.localName !== 'textarea' && !element.isContentEditable) return '';
    const type = element.localName === 'input' ? element.type : '';
    if (type === 'password') passwords.add(element);
    if (passwords.has(element)) return 'password';
    if (type === 'hidden') return 'hidden';
    if (/^(submit|button|reset|image|checkbox|radio|file|range|color)$/.test(type)) return '';
    const auto = element.getAttribute('autocomplete') || '';
    const says = `${auto} ${element.name || ''} ${element.id} ${element.getAttribute('aria-label') || ''} ${element.placeholder || ''}`.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/_/g, '-');
    const found = KINDS.find(([, pattern]) => pattern.test(says));
    return found ? found[0] : '';
  };
  own.secrecy = secrecy;
  const holds = (field) => (field.value === undefined ? field.innerText.replace(/\u00a0/g, ' ').replace(/\n$/, '') : field.value) || '';
  const secretsOf = (root, found) => {
    for (const element of root.querySelectorAll('*')) {
      const shadow = own.shadow(element);
      if (shadow) secretsOf(shadow, found);
      let inner = null;
      try { inner = element.contentDocument; } catch { /* another origin */ }
      if (inner) secretsOf(inner, found);
      const typed = /^(input|textarea)$/.test(element.localName) || element.hasAttribute('contenteditable');
      const kind = typed ? secrecy(element) : '';
      if (kind && holds(element)) found.push({ kind, value: holds(element).slice(0, 2000), name: element.name || element.id || '' });
    }
    return found;
  };

  // The page as it is now.
  let version = 0; // counts what could make a picture of the page untrue
  const stamp = () => `${performance.timeOrigin}/${version}`;
  const turned = () => { version += 1; unrest(); };
  own.recorder = {
    turned,
    version: () => stamp(),
    page: () => ({ html: own.finding.html(OPTIONS.bytes, OPTIONS.skip), secrets: secretsOf(document, []), version: stamp() }),
    moment: () => {
      if (foreign && !own.known().size) own.restart(1e6); // nobody has said yet which ids are free
      const { seen } = own.observe({ first: 0, ...OPTIONS });
      return { seen, html: OPTIONS.html ? own.finding.html(OPTIONS.bytes, OPTIONS.skip) : null, secrets: OPTIONS.secrets ? secretsOf(document, []) : [], version: stamp(), near: lines(seen.elements) };
    },
    rest: () => { inside(window); rest(); },
    finish: () => finishTyping(),
    order: tell,
  };
  const lines = (table) => new Map(table.map((line) => [line.id, line]));
  // The nearest listed element that an event is about: the control it belongs to before the words or pictures in it, but
  // not a large part of the page that merely listens.
  const CONTROLS = /^(button|link|checkbox|radio|switch|tab|menuitem\w*|option|treeitem|textbox|searchbox|combobox|listbox|slider|spinbutton)$/;
  const area = (line) => (line.box ? line.box[2] * line.box[3] : 0);
  const INLINE = new Set('span b i em strong small u s sub sup mark code img svg path g use rect circle font'.split(' '));
  const listed = (moment, node, exact = false) => {
    let found = 0;
    for (let at = node; at; at = at.parentNode || at.host || (at.defaultView && at.defaultView !== top && at.defaultView.frameElement)) {
      if (at.nodeType !== 1) continue;
      const line = moment.near.get(chief().id(at));
      if (at.localName === 'label' && at.control) {
        const held = moment.near.get(chief().id(at.control));
        if (held && held.visible !== false) return held.id;
      }
      if (line && line.clickable && (!found || CONTROLS.test(line.role) || line.tag === 'summary' || (INLINE.has(moment.near.get(found).tag) && area(line) > 0 && area(line) <= 4 * area(moment.near.get(found))))) return line.id;
      if (line && !found) found = line.id;
      if (found && exact) return found;
      if (at.localName === 'body') break;
    }
    return found;
  };
  const origin = (event) => {
    let found = event.composedPath()[0];
    while (found && found.nodeType === 1 && !found.shadowRoot && own.shadow(found)) {
      const root = own.shadow(found);
      const inner = event.clientX === undefined ? root.activeElement : root.elementFromPoint(event.clientX, event.clientY);
      if (!inner || inner === found) break;
      found = inner;
    }
    return found && found.nodeType === 1 ? found : document.documentElement;
  };
  const about = (element, exact) => {
    const moment = chief().recorder.moment();
    const node = exact ? chief().id(element) || listed(moment, element) : listed(moment, element);
    const target = node ? chief().finding.describe(moment.seen.elements, node) : null;
    delete moment.near;
    return { moment, node: node || null, target };
  };
  const heard = (event) => {
    if (!event.isTrusted) return false;
    if (event.target && event.target.localName === BAR) return false;
    return true;
  };

  // Typing: the first change of a field tells how the page was before, the later ones only what it holds.
  const FIELD = /^(text|search|email|tel|url|password|number)$/;
  const SET = /^(date|time|datetime-local|month|week|color|range)$/;
  const editable = (element) => element.localName === 'textarea' || element.isContentEditable || (element.localName === 'input' && (FIELD.test(element.type) || SET.test(element.type)));
  const fieldOf = (element) => {
    if (!element.isContentEditable) return element;
    while (element.parentElement && element.parentElement.isContentEditable) element = element.parentElement;
    return element;
  };
  let typing = null; // { field, node, dirty, before, last }: `before` was typed and then taken away by the page
  const typed = () => typing.before + holds(typing.field).slice(0, 20000);
  const beginTyping = (field) => {
    if (typing && typing.field === field) return;
    finishTyping();
    const told = about(field, true);
    typing = { field, node: told.node, dirty: false, before: '', last: '' };
    tell('edit', { ...told, secret: secrecy(field) });
  };
  const finishTyping = () => {
    if (typing && typing.dirty) tell('input', { node: typing.node, text: typed(), secret: secrecy(typing.field), final: true });
    typing = null;
  };
  hear('beforeinput', (event) => {
    const field = heard(event) && fieldOf(origin(event));
    if (!field || !editable(field)) return;
    beginTyping(field);
    if (typing.last && !holds(field)) typing.before += typing.last; // as a terminal does
  });
  hear('input', (event) => {
    if (!heard(event)) return;
    const field = fieldOf(origin(event));
    turned();
    if (!editable(field)) return;
    beginTyping(field); // filled by the browser itself: nothing came before
    typing.dirty = true;
    const secret = secrecy(field);
    typing.last = holds(field);
    tell('input', { node: typing.node, text: secret ? null : typed(), secret });
  });
  hear('focusout', (event) => { if (typing && heard(event) && fieldOf(origin(event)) === typing.field) finishTyping(); });
  hear('change', (event) => {
    if (!heard(event)) return;
    const element = origin(event);
    turned();
    if (element.localName === 'select') {
      const told = chosen && chosen.element === element ? chosen.told : about(element, true);
      chosen = null;
      tell('choose', { ...told, options: [...element.selectedOptions].map((option) => own.squeeze(option.label, 200)) });
    } else if (element.type === 'file') tell('files', { ...filed(element), options: [...element.files].map((file) => file.name) });
    else if (editable(element) && !SET.test(element.type || '')) finishTyping();
  });

  const filed = (element) => {
    const told = about(element, true);
    const shown = told.node === chief().id(element);
    return shown ? told : { ...told, target: own.finding.describeUnlisted(element, told.node) };
  };

  // A drop-down changes after the press or the key that opened it: how the page was is kept from then.
  let chosen = null;
  const opening = (inner) => {
    const element = inner.closest('select');
    if (element) chosen = { element, told: about(element, true) };
  };

  let press = null;
  let cause = 'load'; // what a person did last
  hear('pointerdown', (event) => {
    if (!heard(event) || event.pointerType === 'touch') return;
    finishTyping();
    cause = 'press';
    const element = origin(event);
    const button = ['left', 'middle', 'right'][event.button];
    if (!button) return;
    const told = about(element);
    const table = told.moment.seen.elements;
    opening(element);
    const target = chief().node(told.node);
    const box = target && target.nodeType === 1 ? target.getClientRects()[0] : null;
    const inside = target && box && target.ownerDocument === document;
    press = { x: event.clientX, y: event.clientY, node: told.node, table };
    tell('press', {
      ...told, button, field: editable(fieldOf(element)) ? 'text' : /^(select|option)$/.test(element.localName) ? 'choice' : element.type === 'file' ? 'file' : '',
      set: element.localName === 'input' && SET.test(element.type),
      spot: inside ? [Math.round(event.clientX - box.x), Math.round(event.clientY - box.y)] : null,
      precise: /^(canvas|img|svg|path|rect|circle|ellipse|polygon|polyline|line|area|video|embed|object)$/.test(element.localName),
      count: event.detail,
    });
  });
  const let_go = (event, at) => {
    if (!press) return;
    const [dx, dy] = [event.clientX - press.x, event.clientY - press.y];
    const far = Math.hypot(dx, dy) >= FAR;
    const goal = far ? under(event) : null;
    const target = goal ? chief().finding.describe(press.table, goal.id) : null;
    // On the way things may have moved: where the goal stands now says nothing.
    if (target) target.locators = target.locators.filter((one) => !/^(css|xpath|path)$/.test(one.kind));
    tell('release', {
      node: goal ? goal.id : press.node, target, far, by: [Math.round(dx), Math.round(dy)], dropped: at,
      spot: goal ? goal.spot : null, count: event.detail,
    });
    press = null;
    turned();
  };
  // What was under this point before the drag began, apart from what is dragged: a page makes room for it on the way.
  const under = (event) => {
    let [x, y] = [event.clientX, event.clientY];
    for (let view = window; view !== top; view = view.parent) {
      const box = view.frameElement.getBoundingClientRect();
      x += box.x + view.frameElement.clientLeft;
      y += box.y + view.frameElement.clientTop;
    }
    const away = new Set([press.node]);
    let found = null;
    for (const line of press.table) {
      if (away.has(line.parent)) away.add(line.id);
      if (away.has(line.id) || line.tag === '#text' || line.visible === false || !line.box) continue;
      const [left, up, wide, high] = line.box;
      if (x >= left && y >= up && x < left + wide && y < up + high) found = { id: line.id, spot: [Math.round(x - left), Math.round(y - up)] };
    }
    return found;
  };
  // Of a mouse event the place is rounded down, of a pointer event it is not.
  let up = null;
  hear('pointerup', (event) => { up = heard(event) ? { clientX: event.clientX, clientY: event.clientY } : null; });
  hear('mouseup', (event) => {
    if (heard(event)) let_go({ clientX: up ? up.clientX : event.clientX, clientY: up ? up.clientY : event.clientY, detail: event.detail }, false);
    up = null;
  });
  hear('drop', (event) => { if (heard(event)) let_go(event, true); });
  hear('dragend', (event) => { if (heard(event)) let_go(event, false); });
  hear('dblclick', (event) => { if (heard(event)) tell('double', {}); });

  const NAMES = { ' ': 'Space', '+': '+' };
  const SILENT = /^(Control|Shift|Alt|Meta|AltGraph|CapsLock|NumLock|ScrollLock|Dead|Process|Unidentified|Compose|OS)$/;
  const EDITING = /^(Backspace|Delete|Home|End|ArrowLeft|ArrowRight|PageUp|PageDown|Tab|Insert)$/;
  hear('keydown', (event) => {
    if (!heard(event) || event.isComposing || SILENT.test(event.key) || event.repeat) return;
    const element = origin(event);
    const field = fieldOf(element);
    const writes = editable(field) && !field.readOnly && !field.disabled;
    const command = event.ctrlKey || event.metaKey || event.altKey;
    const many = field.localName === 'textarea' || field.isContentEditable;
    cause = 'key';
    opening(element);
    if (event.key === 'Tab' && !command) { finishTyping(); return; } // the next action says where it led
    if (element.localName === 'select' && !command) return; // its change says what came of it
    if (writes && SET.test(field.type || '') && !command && event.key !== 'Enter') { beginTyping(field); return; }
    if (writes && !command && (event.key.length === 1 || EDITING.test(event.key) || (many && /^(Enter|Arrow)/.test(event.key)))) return;
    if (writes && command && /^[axcvzy]$/i.test(event.key) && !event.altKey) return; // what it does to the field is told by the field
    const keys = [event.ctrlKey && 'Control', event.altKey && 'Alt', event.metaKey && 'Meta', event.shiftKey && (command || event.key.length > 1) && 'Shift', NAMES[event.key] || event.key].filter(Boolean).join('+');
    const submits = writes && event.key === 'Enter' && !command;
    const was = typing && typing.field === field ? typing.node : null;
    if (!submits || was === null) finishTyping();
    else if (typing.dirty) { tell('input', { node: typing.node, text: typed(), secret: secrecy(field), final: true }); typing = null; }
    const focused = element !== document.body && element !== document.documentElement;
    const told = about(focused ? element : document.body, focused);
    tell('key', { ...told, node: focused ? told.node : null, target: focused ? told.target : null, keys, submits });
  });

  // Many turns of the wheel are one scroll for each screen that they go.
  let turn = null;
  hear('wheel', (event) => {
    if (!heard(event) || event.ctrlKey) return;
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const way = sideways ? (event.deltaX > 0 ? 'right' : 'left') : event.deltaY > 0 ? 'down' : 'up';
    const much = Math.abs(sideways ? event.deltaX : event.deltaY) * (event.deltaMode === 1 ? 16 : 1);
    let box = origin(event);
    const scrolls = (one) => { const by = getComputedStyle(one); return sideways ? one.scrollWidth > one.clientWidth && /auto|scroll/.test(by.overflowX) : one.scrollHeight > one.clientHeight && /auto|scroll/.test(by.overflowY); };
    while (box && !(box.nodeType === 1 && scrolls(box))) box = box.parentElement || (box.getRootNode().host || null);
    if (box && /^(body|html)$/.test(box.localName)) box = null;
    const screen = sideways ? innerWidth : innerHeight;
    if (turn && turn.way === way && turn.box === box && event.timeStamp - turn.at < 1500 && turn.left > 0) {
      turn.left -= much;
      turn.at = event.timeStamp;
      return;
    }
    finishTyping();
    const told = about(box || document.body, true);
    turn = { way, box, at: event.timeStamp, left: (box ? (sideways ? box.clientWidth : box.clientHeight) : screen) - much };
    tell('wheel', { ...told, node: box ? told.node : null, target: box ? told.target : null, way });
  });
  for (const type of ['pointerdown', 'keydown']) hear(type, () => { turn = null; });

  // What pointing at something brings up. Read when the page has come to rest.
  let pointed = null;
  let before = null; // the page when it last was at rest
  let resting = 0;
  let since = 0;
  hear('mouseover', (event) => {
    if (!heard(event)) return;
    if (pointed !== origin(event)) { pointed = origin(event); cause = cause === 'point' ? 'point' : cause === 'rest' ? 'point' : cause; unrest(); }
  });
  const unrest = () => {
    if (top !== window) { chief().recorder.turned(); return; }
    const now = performance.now();
    since = resting ? since : now;
    if (resting && now - since > UNREST) return;
    forget(resting);
    resting = later(() => { resting = 0; rest(); tell('rest', { version: stamp() }); }, REST);
  };
  const rest = () => {
    if (!OPTIONS.hovers || top !== window || foreign) return;
    const { seen } = own.observe({ first: 0, ...OPTIONS });
    const now = new Set(seen.elements.filter((line) => line.tag !== '#text' && line.visible !== false).map((line) => line.id));
    if (cause === 'point' && before && pointed && pointed.isConnected) {
      const was = new Set(before.filter((line) => line.tag !== '#text' && line.visible !== false).map((line) => line.id));
      const fresh = [...now].filter((id) => !was.has(id));
      if (fresh.length) {
        const node = listed({ near: lines(before.filter((line) => was.has(line.id))) }, pointed, true);
        version += 1;
        if (node) tell('hover', { node, target: own.finding.describe(before, node), revealed: fresh.slice(0, 2000) });
      }
    }
    before = seen.elements;
    cause = 'rest';
  };

  // Going back, and closing, that a script has asked for is not the person's doing.
  for (const [holder, names] of [[History.prototype, ['back', 'forward', 'go']], [window, ['close']]]) {
    for (const name of names) {
      const does = holder[name];
      holder[name] = function (...args) { tell('moving', {}); return does.apply(this, args); };
    }
  }

  const watch = () => {
    new MutationObserver((all) => { if (all.some((one) => one.target.localName !== BAR && ![...one.addedNodes].some((node) => node.localName === BAR))) turned(); })
      .observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    turned();
  };
  hear('scroll', turned);
  hear('resize', turned);
  hear('load', turned);
  hear('pagehide', () => finishTyping());
  let heardIn = null;
  own.recording = () => {
    if (heardIn === document) return;
    heardIn = document;
    document.addEventListener('load', (event) => { if (event.target.contentWindow) inside(event.target.contentWindow); }, { capture: true });
    for (const [type, listener] of all) window.addEventListener(type, listener, { capture: true, passive: true });
    watch();
  };
  // The window of a frame's empty first document may be used again for the real one, and then hears nothing any more.
  const inside = (view) => {
    try { if (view.__apprentice && view.__apprentice.recording) view.__apprentice.recording(); } catch { return; }
    for (let n = 0; n < view.length && n < 100; n += 1) inside(view[n]);
  };
  own.recording();
})();
