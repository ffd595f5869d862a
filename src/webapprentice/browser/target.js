// Where an action lands: finds the element, proves that the event would reach it, or says why it would not.
(() => {
  const own = window.__apprentice;
  if (own.locate) return;
  const TYPED = /^(text|search|email|tel|url|password|number)$/;
  const SET = /^(date|time|datetime-local|month|week|color|range)$/;
  const up = (node) => node.assignedSlot || node.parentNode || node.host || null;
  const holds = (outer, inner) => {
    for (let node = inner; node; node = up(node)) if (node === outer) return true;
    return false;
  };
  const elementOf = (node) => (node.nodeType === 1 ? node : node.parentElement);

  // Where the input of an action is to land. The first press or key that would land elsewhere, because the page has
  // changed since the element was found, is kept from the page with all that belongs to it.
  const FIRST = { pointerdown: 'press', mousedown: 'press', keydown: 'key', beforeinput: 'key' };
  let aim = null;
  const aimAt = (kind, takes, keeps = () => true) => { chief().aim({ kind, takes, keeps, met: false, missed: null }); };
  own.aim = (what) => { aim = what; };
  own.unaim = () => { const missed = aim && aim.missed; aim = null; return missed ? own.label(missed) : ''; };
  // Where an event began, in closed shadow roots as well.
  const origin = (event) => {
    let found = event.composedPath()[0];
    while (found.nodeType === 1 && !found.shadowRoot && own.shadow(found)) {
      const root = own.shadow(found);
      const inner = event.clientX === undefined ? root.activeElement : root.elementFromPoint(event.clientX, event.clientY);
      if (!inner || inner === found) break;
      found = inner;
    }
    return found;
  };
  own.guard = (event) => {
    if (!aim) return;
    if (!aim.missed) {
      if (FIRST[event.type] !== aim.kind) return;
      const found = origin(event);
      const right = aim.met ? aim.keeps(found) : aim.takes(found);
      aim.met = true;
      if (right) return;
      aim.missed = found.nodeType ? found : document.documentElement;
    }
    event.stopImmediatePropagation();
    // Of a pointer event only the propagation ends: without it the browser would not even ask at the mouse event.
    if (!event.type.startsWith('pointer')) event.preventDefault();
  };
  // The outermost document around this one that can be spoken to.
  const chief = () => {
    let found = own;
    try { for (let view = window; view !== view.parent && view.parent.__apprentice; view = view.parent) found = view.parent.__apprentice; } catch { /* another origin */ }
    return found;
  };
  for (const type of [...Object.keys(FIRST), ...'pointerup mouseup click auxclick dblclick contextmenu keypress keyup'.split(' ')]) {
    window.addEventListener(type, (event) => { if (event.isTrusted) chief().guard(event); }, { capture: true });
  }

  // The node of an id, when it still stands in a document that is on the screen.
  const alive = (id) => {
    const node = own.node(id);
    if (!node || !node.isConnected) return null;
    for (let view = node.ownerDocument.defaultView; view !== window; view = view.parent) {
      if (!view || !view.frameElement || !view.frameElement.isConnected) return null;
    }
    return node;
  };
  const offset = (node) => {
    let [dx, dy] = [0, 0];
    for (let view = node.ownerDocument.defaultView; view !== window; view = view.parent) {
      const rect = view.frameElement.getBoundingClientRect();
      const style = view.parent.getComputedStyle(view.frameElement);
      dx += rect.x + view.frameElement.clientLeft + parseFloat(style.paddingLeft);
      dy += rect.y + view.frameElement.clientTop + parseFloat(style.paddingTop);
    }
    return [dx, dy];
  };

  const same = (left, right) => {
    const words = new Set(left.toLowerCase().split(/\W+/));
    return right.toLowerCase().split(/\W+/).filter((word) => word && words.has(word)).length;
  };
  const stale = (id, was) => {
    const near = [];
    for (const [other, held] of own.known()) {
      const node = held.deref();
      if (!node || node.nodeType !== 1 || !alive(other) || !node.checkVisibility()) continue;
      const label = own.label(node, near.length > 0);
      near.push([was ? -same(was, label) : 0, Math.abs(other - id), `${label} [${other}]`]);
      if (near.length > 5000) break;
    }
    near.sort((one, two) => one[0] - two[0] || one[1] - two[1]);
    const names = near.slice(0, 3).map(([, , label]) => label);
    const gone = `[${id}]${was ? ` (${was.slice(0, 40)})` : ''} is not on the page any more`;
    return { result: 'stale', message: names.length ? `${gone}; near it now: ${names.join(', ')}` : `${gone}; observe again` };
  };

  const rects = (node) => {
    if (node.nodeType === 1) {
      const list = [...node.getClientRects()].filter((rect) => rect.width > 0 && rect.height > 0);
      const svg = node.namespaceURI === 'http://www.w3.org/2000/svg';
      return list.length || !svg ? list : [node.getBoundingClientRect()];
    }
    const range = node.ownerDocument.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].filter((rect) => rect.width > 0 && rect.height > 0);
  };
  // The middle first, then a grid: a slice of a pie or a line of text may be hollow where its box has its middle.
  const candidates = (boxes, at) => {
    if (at) { const box = boxes[0]; return [[box.x + at[0], box.y + at[1]]]; }
    const points = [];
    for (const box of boxes.slice(0, 4)) points.push([box.x + box.width / 2, box.y + box.height / 2]);
    for (const box of boxes.slice(0, 2)) {
      for (const fy of [0.5, 0.25, 0.75, 0.1, 0.9]) for (const fx of [0.5, 0.25, 0.75, 0.1, 0.9]) points.push([box.x + box.width * fx, box.y + box.height * fy]);
    }
    return points;
  };
  const hit = (doc, x, y) => {
    let found = doc.elementFromPoint(x, y);
    while (found && own.shadow(found)) {
      const inner = own.shadow(found).elementFromPoint(x, y);
      if (!inner || inner === found) break;
      found = inner;
    }
    return found;
  };
  const takes = (target, found) => {
    const label = found.closest ? found.closest('label') : null;
    return holds(target, found) || (label !== null && label.control === target);
  };
  // Null when the event at this point of the node's own frame reaches the node; otherwise what takes it.
  const taker = (node, x, y) => {
    const target = elementOf(node);
    const view = node.ownerDocument.defaultView;
    if (x < 0 || y < 0 || x >= view.innerWidth || y >= view.innerHeight) return undefined;
    const found = hit(node.ownerDocument, x, y);
    if (!found) return undefined;
    if (!takes(target, found)) return found;
    let frame = view.frameElement;
    let [px, py] = [x, y];
    for (let at = view; at !== window; at = at.parent, frame = at.frameElement) {
      const box = frame.getBoundingClientRect();
      const style = at.parent.getComputedStyle(frame);
      px += box.x + frame.clientLeft + parseFloat(style.paddingLeft);
      py += box.y + frame.clientTop + parseFloat(style.paddingTop);
      if (px < 0 || py < 0 || px >= at.parent.innerWidth || py >= at.parent.innerHeight) return undefined;
      const above = hit(at.parent.document, px, py);
      if (above && above !== frame) return above;
    }
    return null;
  };
  const reach = (node, at) => {
    let blocker;
    for (const [x, y] of candidates(rects(node), at)) {
      const found = taker(node, x, y);
      if (found === null) { const [dx, dy] = offset(node); return { x: x + dx, y: y + dy }; }
      blocker = blocker || found;
    }
    return { blocker };
  };

  // Of an element that hosts a frame: its id, and where in this document the frame's own viewport begins. With a point
  // of the frame, that point is brought into view first, and `by` names what takes the event in its place.
  own.host = (element, point) => {
    const view = element.ownerDocument.defaultView;
    const begin = () => {
      const box = element.getBoundingClientRect();
      const style = view.getComputedStyle(element);
      return [box.x + element.clientLeft + parseFloat(style.paddingLeft), box.y + element.clientTop + parseFloat(style.paddingTop)];
    };
    let [x, y] = begin();
    let by = '';
    if (point) {
      const outside = () => x + point[0] < 0 || y + point[1] < 0 || x + point[0] >= view.innerWidth || y + point[1] >= view.innerHeight;
      if (outside()) { element.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' }); [x, y] = begin(); }
      if (outside()) {
        view.scrollBy({ left: x + point[0] - view.innerWidth / 2, top: y + point[1] - view.innerHeight / 2, behavior: 'instant' });
        [x, y] = begin();
      }
      const found = taker(element, x + point[0], y + point[1]);
      if (found !== null) by = found ? own.label(found) : 'the edge of what can be scrolled to';
      else aimAt('press', (hit) => hit === element);
    }
    const [dx, dy] = offset(element);
    return own.answer({ id: own.id(element) || 0, x: x + dx, y: y + dy, shown: element.checkVisibility({ visibilityProperty: true }), by });
  };

  const unsuited = (node, want) => {
    const element = elementOf(node);
    const tag = element.localName;
    const label = own.label(element);
    if (want === 'type') {
      const field = tag === 'textarea' || element.isContentEditable || (tag === 'input' && (TYPED.test(element.type) || SET.test(element.type)));
      if (!field) return `${label} takes no text; type into a text field`;
      if (element.readOnly) return `${label} is read-only; click it to see what it offers`;
    }
    if (want === 'select' && tag !== 'select') return `${label} is no native drop-down; click it and then its option`;
    if (want === 'upload' && !(tag === 'input' && element.type === 'file')) return `${label} takes no files`;
    return '';
  };
  const about = (node) => {
    const element = elementOf(node);
    const kind = element.localName === 'input' ? element.type : '';
    const box = rects(node)[0] || element.getBoundingClientRect();
    const [dx, dy] = offset(node);
    return { set: SET.test(kind), left: box.x + dx, top: box.y + dy, wide: box.width, high: box.height, draggable: element.closest('[draggable="true"]') !== null || element.localName === 'img' };
  };

  // A node that a page uses again for something else is not what was seen. Numbers may change: a clock, a counter.
  const LETTER = /\p{L}/u;
  const other = (node, called) => {
    const now = node.nodeType === 1 ? own.name(node) : own.squeeze(node.data, 200);
    return LETTER.test(called) && LETTER.test(now) && now !== called && !same(called, now) ? now : '';
  };

  let seen = { id: 0, called: '' };
  own.locate = (id, want, at, was, called) => own.answer(find(id, want, at, was, called));
  const find = (id, want, at, was, called) => {
    own.begin();
    const node = alive(id);
    if (!node) return stale(id, was);
    const element = elementOf(node);
    const now = other(node, called);
    if (now) return { result: 'stale', message: `[${id}] was "${called.slice(0, 60)}" and is "${now.slice(0, 60)}" now; observe again` };
    const wrong = unsuited(node, want);
    if (wrong) return { result: 'unsuitable', message: wrong };
    const file = want === 'upload';
    if (!file && (!element.checkVisibility({ visibilityProperty: true }) || !rects(node).length)) {
      return { result: 'hidden', message: `${own.label(node)} [${id}] is on the page but not shown; something else may have to be opened first` };
    }
    if (want !== 'hover' && want !== 'scroll' && (element.matches(':disabled') || element.closest('[aria-disabled="true"]'))) {
      return { result: 'disabled', message: `${own.label(node)} [${id}] is disabled; something else may have to be filled in first` };
    }
    if (file) return { result: 'done', x: 0, y: 0, ...about(node) };
    let spot = reach(node, at);
    for (const block of ['nearest', 'center']) {
      if (spot.x !== undefined) break;
      element.scrollIntoView({ block, inline: block, behavior: 'instant' });
      spot = reach(node, at);
    }
    if (spot.x === undefined) {
      const by = spot.blocker ? `${own.label(spot.blocker)}${own.id(spot.blocker) ? ` [${own.id(spot.blocker)}]` : ''}` : 'the edge of what can be scrolled to';
      return { result: 'covered', message: `${own.label(node)} [${id}] is covered by ${by}` };
    }
    seen = { id, called };
    if (want !== 'hover' && want !== 'scroll') aimAt('press', (found) => takes(element, found) && !other(node, called));
    return { result: 'done', x: spot.x, y: spot.y, ...about(node) };
  };

  const notify = (element, ...types) => types.forEach((type) => element.dispatchEvent(new Event(type, { bubbles: true, composed: true })));

  // Keyboard focus on the element; what it holds selected, or the caret at its end.
  own.focus = (id, all) => {
    const node = alive(id);
    if (!node) return own.answer(stale(id, ''));
    const element = elementOf(node);
    let active = element.ownerDocument.activeElement;
    while (active && own.shadow(active) && own.shadow(active).activeElement) active = own.shadow(active).activeElement;
    const inside = active && active !== element.ownerDocument.body && holds(element, active) ? active : element;
    if (inside !== active) element.focus({ preventScroll: true });
    // What is edited as a whole, which may be the whole document, is one field with all that stands in it.
    let field = element;
    if (element.isContentEditable) while (field.parentElement && field.parentElement.isContentEditable) field = field.parentElement;
    const written = /^(body|html)$/.test(field.localName);
    const focused = field.matches(':focus-within') || (written && /^(body|html)$/.test((active || field).localName));
    if (!focused && all !== null) return own.answer({ result: 'unsuitable', message: `${own.label(element)} [${id}] does not take the keyboard; observe again` });
    // A page may hand the later keys to the next field, but not to whatever is there when this one has gone.
    const keeps = (found) => element.isConnected && (written || !/^(body|html)$/.test(found.localName));
    if (focused) aimAt('key', (found) => holds(field, found) && !(seen.id === id && other(node, seen.called)), keeps);
    if (all === null) return own.answer({ result: 'done', empty: true });
    const input = /^(input|textarea)$/.test(element.localName);
    const empty = input ? element.value === '' : element.textContent === '';
    if (input && all) element.select();
    else if (input) { try { element.setSelectionRange(element.value.length, element.value.length); } catch { /* a number field has no caret of its own */ } }
    else {
      const choice = element.ownerDocument.getSelection();
      choice.selectAllChildren(element);
      if (!all) choice.collapseToEnd();
    }
    return own.answer({ result: 'done', empty });
  };

  own.choose = (id, wanted) => {
    const select = alive(id);
    if (!select) return own.answer(stale(id, ''));
    const flat = (text) => own.squeeze(text, 500);
    const options = [...select.options];
    const picked = [];
    for (const text of wanted) {
      const option = options.find((one) => flat(one.label) === flat(text)) || options.find((one) => flat(one.label).toLowerCase() === flat(text).toLowerCase())
        || options.find((one) => one.value === text);
      if (!option) {
        const offer = options.slice(0, 8).map((one) => flat(one.label).slice(0, 20)).join(' | ');
        return own.answer({ result: 'unsuitable', message: `no option "${flat(text).slice(0, 40)}" in ${own.label(select)}; it offers ${offer}`.slice(0, 200) });
      }
      if (option.disabled) return own.answer({ result: 'disabled', message: `option "${flat(text).slice(0, 40)}" of ${own.label(select)} is disabled` });
      picked.push(option);
    }
    if (picked.length > 1 && !select.multiple) return own.answer({ result: 'unsuitable', message: `${own.label(select)} takes one option, not ${picked.length}` });
    select.focus({ preventScroll: true });
    if (select.multiple) options.forEach((option) => { option.selected = picked.includes(option); });
    else if (picked.length) select.selectedIndex = picked[0].index;
    notify(select, 'input', 'change');
    return own.answer({ result: 'done' });
  };

  // Fields whose value is not typed as text: dates, times, colours, ranges. Accepts how a person in the US writes them.
  const iso = (type, text) => {
    const said = text.trim();
    const day = said.match(/^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/);
    if (type === 'date' && day) return `${day[3]}-${day[1].padStart(2, '0')}-${day[2].padStart(2, '0')}`;
    const hour = said.match(/^(\d{1,2}):(\d{2})\s*([ap])\.?m\.?$/i);
    if (type === 'time' && hour) return `${String((Number(hour[1]) % 12) + (hour[3].toLowerCase() === 'p' ? 12 : 0)).padStart(2, '0')}:${hour[2]}`;
    if (type === 'time' && /^\d:\d{2}$/.test(said)) return `0${said}`;
    return said;
  };
  own.fill = (id, text) => {
    const input = alive(id);
    if (!input) return own.answer(stale(id, ''));
    const view = input.ownerDocument.defaultView;
    const set = Object.getOwnPropertyDescriptor(view.HTMLInputElement.prototype, 'value').set;
    const wanted = iso(input.type, text);
    const probe = input.cloneNode();
    set.call(probe, wanted);
    const near = input.type === 'range' ? Number(probe.value) === Number(wanted) : probe.value.toLowerCase() === wanted.toLowerCase() || probe.value.startsWith(wanted);
    if (!near || (wanted !== '' && probe.value === '')) {
      return own.answer({ result: 'unsuitable', message: `${own.label(input)} cannot hold "${text.slice(0, 40)}": it is a ${input.type} field` });
    }
    input.focus({ preventScroll: true });
    set.call(input, wanted);
    notify(input, 'input', 'change');
    return own.answer({ result: 'done' });
  };
})();
