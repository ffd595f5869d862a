// One walk over the document gives the element table: the fields of `core.records.Element`, in document order.
(() => {
  const own = window.__apprentice;
  if (own.observe) return;
  const { role, name, contents, edits, listens, hides, afresh, CONTROLS } = own.naming;
  const { parse, stringify: write } = JSON; // kept from before the page's scripts could change it
  const SILENT = new Set(('script style noscript template link meta head title base br wbr option optgroup datalist '
    + 'source track param colgroup col defs symbol clipPath mask marker pattern filter linearGradient radialGradient').split(' '));
  const KEPT = new Set(('id class type name href src placeholder title alt for role value min max step draggable '
    + 'contenteditable fill stroke r cx cy x y x1 y1 x2 y2 width height points d transform data-testid data-id data-value').split(' '));
  const BLACK = /\S/;
  const VALUED = new Set('select textarea input progress meter'.split(' '));
  const PLAIN = /^[!-~]{1,120}$/; // the shortest way through `squeeze`: nothing to change
  const TIDY = /^(?:[!-~]+(?: [!-~]+)*)?$/; // as long: words with single spaces between them
  const DISABLES = new Set('button input select textarea option optgroup fieldset'.split(' '));
  const VISIBLE = { visibilityProperty: true };
  const SVG = 'http://www.w3.org/2000/svg';
  const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]/;
  const UNPRINTABLES = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
  const clean = (text) => (UNPRINTABLE.test(text) ? text.toWellFormed().replace(UNPRINTABLES, '') : text);
  const squeeze = (text, most) => {
    if (text.length <= most && TIDY.test(text)) return text;
    const flat = clean(text.length > 4 * most ? text.slice(0, 4 * most) : text).replace(/\s+/g, ' ').trim();
    return flat.length > most ? flat.slice(0, most).toWellFormed() : flat;
  };
  own.squeeze = squeeze;

  // Node ids: stable while the document lives, handed out in document order, never handed out twice.
  let ids = new WeakMap();
  let stands = new WeakMap(); // ids of the words that stand for what cannot be read
  let nodes = new Map();
  let next = 1;
  own.restart = (first) => { ids = new WeakMap(); stands = new WeakMap(); nodes = new Map(); next = first; told.number = 0; };
  own.node = (id) => { const held = nodes.get(id); return held ? held.deref() : undefined; };
  own.id = (node) => ids.get(node);
  own.known = () => nodes;
  own.number = (node) => number(node); // of what is not listed, such as a file field behind a button
  const number = (node, held = ids) => {
    let id = held.get(node);
    if (id === undefined) {
      id = next;
      next += 1;
      held.set(node, id);
      nodes.set(id, new WeakRef(node));
    }
    return id;
  };

  own.label = (node, held) => {
    const element = node.nodeType === 1 ? node : node.parentElement;
    return squeeze(`${own.role(element) || element.localName} ${own.name(element, held) || (element.id ? `#${element.id}` : '')}`, 80);
  };

  const states = (element, tag, focused, marked) => {
    const all = [];
    // Only what an attribute or the kind of element can bring about is asked for.
    if (!marked && !DISABLES.has(tag) && tag !== 'summary') return element === focused ? ['focused'] : all;
    const says = (attribute) => marked && element.getAttribute(attribute) === 'true';
    const native = tag === 'input' && /^(checkbox|radio)$/.test(element.type);
    if (native ? element.checked : says('aria-checked')) all.push('checked');
    if (says('aria-selected')) all.push('selected');
    const opens = marked ? element.getAttribute('aria-expanded') : null;
    const details = tag === 'summary' && element.parentElement && element.parentElement.localName === 'details' ? element.parentElement : null;
    if (opens === 'true' || (details && details.open)) all.push('expanded');
    if (opens === 'false' || (details && !details.open)) all.push('collapsed');
    if (says('aria-disabled') || ((DISABLES.has(tag) || tag.includes('-')) && element.matches(':disabled'))) all.push('disabled');
    if (element === focused) all.push('focused');
    if (says('aria-pressed')) all.push('pressed');
    if (element.required || says('aria-required')) all.push('required');
    if ((element.readOnly && /^(input|textarea)$/.test(tag)) || says('aria-readonly')) all.push('readonly');
    if (says('aria-invalid')) all.push('invalid');
    if (element.multiple && tag === 'select') all.push('multiple');
    return all;
  };
  const value = (element, tag, masked) => {
    if (tag === 'select') return squeeze([...element.selectedOptions].map((option) => option.label).join(', '), 500);
    if (tag === 'textarea') return clean(element.value.slice(0, 2000));
    if (tag === 'input') {
      if (/^(checkbox|radio|button|submit|reset|image)$/.test(element.type)) return undefined;
      if (element.type === 'file') return [...element.files].map((file) => clean(file.name)).join(', ');
      return element.type === 'password' && masked ? '\u2022'.repeat(element.value.length) : clean(element.value.slice(0, 2000));
    }
    if (tag === 'progress' || tag === 'meter') return String(element.value);
    if (edits(element)) return clean(element.innerText.slice(0, 2000)).trim();
    return element.getAttribute('aria-valuetext') || element.getAttribute('aria-valuenow') || undefined;
  };
  const attributes = (element) => {
    let kept;
    const keys = element.getAttributeNames();
    for (let n = 0; n < keys.length && n < 60; n += 1) {
      const key = keys[n];
      if (!(KEPT.has(key) || key === 'style' || key.startsWith('aria-'))) continue;
      const text = element.getAttribute(key);
      if (text.startsWith('data:') || (key === 'value' && element.type === 'password')) continue;
      kept = kept || {};
      kept[key] = PLAIN.test(text) ? text : squeeze(text, 120);
    }
    return kept;
  };
  const focus = () => {
    let at = document.activeElement;
    for (let depth = 0; at && depth < 20; depth += 1) {
      let inner = null;
      try { inner = own.shadow(at) ? own.shadow(at).activeElement : at.contentDocument ? at.contentDocument.activeElement : null; } catch { /* foreign */ }
      if (!inner || inner.localName === 'body') break;
      at = inner;
    }
    return at && at.localName !== 'body' ? at : null;
  };

  // What kind of thing an element shows that holds nothing to be read; empty when that is nothing.
  const OPAQUE = new Set('canvas video audio'.split(' '));
  const FRAMES = new Set('iframe frame embed object'.split(' '));
  const paper = (element) => element.type === 'application/pdf' || /\.pdf(?:[?#]|$)/i.test(element.src || element.data || '');
  const opaque = (element, tag) => {
    if (OPAQUE.has(tag)) return tag;
    if (!FRAMES.has(tag)) return tag.includes('-') && element.namespaceURI !== SVG && !own.shadow(element) && !element.firstElementChild ? 'part' : '';
    if (paper(element)) return 'PDF';
    let from = '';
    try { from = new URL(element.src || element.data || '').host; } catch { /* none, or written in place */ }
    return from && from !== location.host ? `frame ${from}` : 'frame';
  };

  // `near` leaves out what lies outside of the viewport, with all below it. `must` is a set of nodes that are listed
  // whatever the budgets say: what is in view comes first, and the rest takes what is left.
  class Walk {
    constructor(options, near, must) {
      this.near = near;
      this.must = must;
      this.count = 0;
      this.size = 0;
      this.options = options;
      this.table = [];
      this.truncated = false;
      this.skippedFrames = 0;
      this.frames = 0;
      this.focused = focus();
      this.until = performance.now() + options.millis;
      this.visits = 0;
      // Read once: each of these asks the page whether its layout is still valid.
      [this.wide, this.high, this.right, this.down] = [innerWidth, innerHeight, scrollX, scrollY];
      this.range = null;
      afresh();
    }

    over(node) {
      if (this.must && this.must.has(node)) return false;
      if (this.count >= this.options.nodes || this.size > this.options.table) this.truncated = true;
      else this.late();
      this.count += 1;
      return this.truncated;
    }

    // What must be listed has been weighed by the walk that found it.
    weigh(node, size) {
      if (!(this.must && this.must.has(node))) this.size += size;
    }

    late() {
      this.visits += 1;
      if ((this.visits & 63) === 0 && performance.now() > this.until) this.truncated = true;
    }

    children(root, parent, place) {
      let child = root.firstChild;
      if (root.localName === 'slot' && root.assignedNodes().length) {
        for (const given of root.assignedNodes()) this.node(given, parent, place);
        return;
      }
      for (; child && (this.must || !this.truncated); child = child.nextSibling) this.node(child, parent, place);
    }

    node(node, parent, place) {
      if (this.truncated && !(this.must && this.must.has(node))) return;
      if (node.nodeType === 3) this.text(node, parent, place);
      else if (node.nodeType === 1) this.element(node, parent, place);
    }

    text(node, parent, place) {
      const data = node.data;
      if (!BLACK.test(data) || this.over(node)) return;
      const text = squeeze(data, 4000);
      if (!text) return;
      // One range for all texts: the page would have to keep each of them up to date.
      if (!this.range || this.range.startContainer.ownerDocument !== node.ownerDocument) this.range = node.ownerDocument.createRange();
      this.range.selectNodeContents(node);
      const { x, y, width, height } = this.range.getBoundingClientRect();
      const line = { id: number(node), tag: '#text', text };
      if (parent) line.parent = parent.id;
      this.place(line, x, y, width, height, place, node, parent ? parent.shown && width > 0 && height > 0 : true);
      this.table.push(line);
      this.weigh(node, 90 + text.length);
      if (parent && line.visible !== false) parent.seen = true;
    }

    place(line, left, top, width, height, place, node, visible) {
      const x = Math.round(left + place.dx);
      const y = Math.round(top + place.dy);
      const wide = Math.round(width);
      const high = Math.round(height);
      const outside = x + wide + this.right <= 0 || y + high + this.down <= 0;
      const hidden = !visible || (outside && this.unreachable(node, x + wide + this.right, y + high + this.down));
      if (hidden) line.visible = false;
      if (hidden || x >= this.wide || y >= this.high || x + wide <= 0 || y + high <= 0) line.in_view = false;
      if (wide || high) line.box = [x, y, wide, high];
      if (place.frame) line.frame = place.frame;
    }

    away(rect, place) {
      const [x, y] = [rect.x + place.dx, rect.y + place.dy];
      return x >= this.wide || y >= this.high || x + rect.width <= 0 || y + rect.height <= 0;
    }

    // Left of or above everything: can one of the boxes around it be scrolled back to it?
    unreachable(node, x, y) {
      let [right, down] = [x, y];
      for (let up = node.parentNode || node.host; up; up = up.parentNode || up.host || (up.defaultView && up.defaultView.frameElement)) {
        if (up.nodeType === 1 && up.localName !== 'body' && up.localName !== 'html') { right += up.scrollLeft; down += up.scrollTop; }
      }
      return right <= 0 || down <= 0;
    }

    element(element, parent, place) {
      const tag = element.localName;
      if (SILENT.has(tag) || (tag === 'input' && element.type === 'hidden')) return;
      if (this.options.skip && element.matches(this.options.skip)) return;
      const plain = element.checkVisibility(VISIBLE);
      const rendered = plain || element.checkVisibility();
      // What is not rendered is not listed, so that leftovers on the page neither cost ids nor tell of the past. A slot
      // has no box of its own, and neither has an area of an image map.
      const boxless = !rendered && (tag === 'area' || getComputedStyle(element).display === 'contents');
      if (!rendered && !boxless) return;
      const rect = element.getBoundingClientRect();
      const { x, y, width, height } = rect;
      if (this.near && width > 0 && height > 0 && this.away(rect, place)) { this.late(); return; }
      if (this.over(element)) return;
      if (place.depth > 300) { this.truncated = true; return; }
      const shown = boxless || plain;
      const svg = element.namespaceURI === SVG;
      const sized = svg ? width > 0 || height > 0 : width > 1 || height > 1 ? width > 0 && height > 0 : false;
      const line = { id: number(element), tag: squeeze(tag.toLowerCase(), 60) };
      // What is kept from those who listen to a page has no role there; who looks at it can press it all the same.
      const marked = element.hasAttributes();
      const inert = (parent && parent.inert) || (marked && element.hasAttribute('inert'));
      const concealed = inert || (parent && parent.concealed) || (marked && hides(element));
      const what = role(element, tag, marked);
      if (parent) line.parent = parent.id;
      if (what && !concealed) line.role = what;
      this.place(line, x, y, width, height, place, element, shown && sized);
      this.describe(element, tag, what, line, shown, marked);
      this.table.push(line);
      let size = 90 + (line.name ? line.name.length : 0) + (line.value ? line.value.length : 0) + 20 * (line.options ? line.options.length : 0);
      if (line.attributes) for (const key in line.attributes) size += 6 + key.length + line.attributes[key].length;
      this.weigh(element, size);
      const cursor = shown ? getComputedStyle(element).cursor : '';
      const clickable = inert ? 0 : this.presses(element, tag, what, cursor, parent ? parent.cursor : '');
      const above = { id: line.id, shown, cursor, seen: false, pressed: 0, first: null, inert, concealed, unread: !FRAMES.has(tag) };
      place.depth += 1;
      this.inside(element, tag, above, place, rect);
      place.depth -= 1;
      if (above.unread && !above.seen && shown && sized) this.standIn(element, tag, line, above);
      this.conclude(element, line, above, clickable, shown, what);
      if (!parent) return;
      if (line.visible !== false || above.seen) parent.seen = true;
      parent.pressed += above.pressed + (line.clickable ? 1 : 0);
      parent.first = parent.first || (line.clickable ? line : above.first);
    }

    describe(element, tag, what, line, shown, marked) {
      if (shown && (marked || what || tag === 'svg')) {
        const called = name(element, tag, what);
        if (called) line.name = called;
      }
      if (marked || VALUED.has(tag)) {
        const holds = value(element, tag, this.options.masked);
        if (holds !== undefined) line.value = holds;
      }
      const is = states(element, tag, this.focused, marked);
      if (is.length) line.states = is;
      if (tag === 'select') line.options = [...element.options].slice(0, 500).map((option) => squeeze(option.label, 200));
      const kept = marked ? attributes(element) : undefined;
      if (kept) line.attributes = kept;
    }

    // 2: a control of its own kind; 1: it shows that it listens; 0: neither.
    presses(element, tag, what, cursor, outer) {
      if (CONTROLS.has(what) || /^(select|summary|area)$/.test(tag)) return 2;
      if ((element.tabIndex >= 0 && element.hasAttribute('tabindex')) || listens(element)) return 1;
      return cursor === 'pointer' && outer !== 'pointer' ? 1 : 0; // the cursor is inherited: only where it begins
    }

    inside(element, tag, above, place, rect) {
      if (FRAMES.has(tag)) {
        let inner = null;
        try { inner = element.contentDocument; } catch { /* another origin */ }
        if (!inner || !inner.documentElement || this.frames >= 100 || place.nested >= 5) {
          above.unread = true;
          if (tag !== 'object') this.skippedFrames += 1;
          else this.children(element, above, place); // what is shown when the object cannot be
          return;
        }
        this.frames += 1;
        above.unread = paper(element);
        const style = getComputedStyle(element);
        const dx = place.dx + rect.x + element.clientLeft + parseFloat(style.paddingLeft || 0);
        const dy = place.dy + rect.y + element.clientTop + parseFloat(style.paddingTop || 0);
        const there = { dx, dy, frame: this.frames, depth: place.depth, nested: place.nested + 1 };
        if (inner.body) this.children(inner.body, above, there);
        else this.node(inner.documentElement, above, there);
      } else if (tag === 'select' || tag === 'textarea') return;
      else this.children(own.shadow(element) || element, above, place);
    }

    // What shows something that cannot be read has words in its place, which whoever reads the page can see.
    standIn(element, tag, line, above) {
      const kind = opaque(element, tag);
      if (!kind) return;
      const called = line.name || element.getAttribute('aria-label') || element.getAttribute('alt') || element.title || '';
      const text = squeeze(`unread ${kind}${called ? `: ${called}` : ''}`, 200);
      if (!(this.must && this.must.has(element))) this.count += 1;
      this.weigh(element, 90 + text.length);
      const words = { id: number(element, stands), tag: '#text', text, parent: line.id };
      for (const key of ['in_view', 'box', 'frame']) if (line[key] !== undefined) words[key] = line[key];
      this.table.push(words);
      above.seen = true;
    }

    conclude(element, line, above, clickable, shown, what) {
      const inner = above.first;
      if (line.visible === false && shown && above.seen) { delete line.visible; if (line.in_view === false && line.box === undefined) delete line.in_view; }
      if (clickable === 1) {
        const text = inner || !line.name ? contents(element, 121) : '';
        // A cell that listens around one link with the same words is the link, not a second thing to press.
        if (inner && above.pressed === 1 && inner.name && inner.name === text) clickable = 0;
        if (clickable && !line.name && !inner && text && text.length <= 120) line.name = text;
      }
      if (clickable) line.clickable = true;
      else if (!what && line.name && !element.hasAttribute('aria-label') && !element.title) delete line.name;
    }
  }

  // The last walk was cut: the next one begins with what is in view, without trying the whole page first.
  let large = false;
  own.observe = (options) => {
    if (options.first > next) next = options.first;
    const go = (near, must) => {
      const walk = new Walk(options, near, must);
      const place = { dx: 0, dy: 0, frame: 0, depth: 0, nested: 0 };
      if (document.body) walk.children(document.body, null, place);
      else if (document.documentElement) walk.node(document.documentElement, null, place); // a drawing, or data
      return walk;
    };
    let walk = large ? null : go(false, null);
    if (large || walk.truncated) {
      const near = go(true, null);
      options = { ...options, nodes: Math.max(0, options.nodes - near.count), table: options.table - near.size };
      walk = near.truncated && near.count > 100 ? near : go(false, new Set(near.table.map((line) => own.node(line.id))));
      large = walk.truncated;
    }
    const seen = {
      url: location.href, title: squeeze(document.title, 300), elements: walk.table, viewport: [innerWidth, innerHeight],
      truncated: walk.truncated, frames_skipped: walk.skippedFrames,
    };
    return { seen, next };
  };
  // The answer of every call is one string: nothing is left behind in the debugger's object table.
  // Half a surrogate pair is escaped when it is written, and only then is every string looked at.
  const HALF = /\\ud[89a-f]/;
  own.answer = (what) => {
    const text = write(what);
    return HALF.test(text) ? write(what, (key, item) => (typeof item === 'string' ? item.toWellFormed() : item)) : text;
  };
  // What the last answer said of each element. Whoever says that it has arrived (`held`) is told only what differs.
  let told = { number: 0, lines: new Map() };
  own.look = async (options, probe) => {
    const quiet = options.cap > 0 ? await own.settle(options.cap) : true;
    if (quiet === null) return ''; // nobody listens any more
    const { seen, next: first } = own.observe(options);
    const html = options.html ? document.documentElement.outerHTML.slice(0, options.bytes).toWellFormed() : null;
    const known = options.held && options.held === told.number ? told.lines : null;
    told = { number: options.number, lines: new Map() };
    let fresh = [];
    const order = seen.elements.map((line) => {
      const text = write(line);
      told.lines.set(line.id, text);
      if (!known || known.get(line.id) !== text) fresh.push(text);
      return line.id;
    });
    if (fresh.some((text) => HALF.test(text))) fresh = fresh.map((text) => own.answer(parse(text)));
    delete seen.elements;
    const rest = own.answer({
      seen, order: known ? order : null, next: first, quiet, opened: own.opened(), missed: own.unaim(), html, extra: probe ? probe() : null,
    });
    return `${rest.slice(0, -1)},"fresh":[${fresh}]}`;
  };
})();
